// The game in the browser: its code and its styles come with the first visit.
export { PlayPage } from "../features/play/PlayPage";
