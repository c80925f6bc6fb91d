/** Where the styles of the raid are: filled in by tools/build.js. */
declare const play_css: string;
/** The same of check-in. */
declare const checkin_css: string;
/** The same of support's page. */
declare const support_css: string;
/** The same of the studio. */
declare const studio_css: string;
