// The pages that are not the first: their code comes together, with the first visit of one. Few
// parts are better than many, because each is a request.
export { LogInPage } from "../features/account/LogInPage";
export { SignUpPage } from "../features/account/SignUpPage";
export { CommunitiesPage } from "../features/community/CommunitiesPage";
export { CommunityPage } from "../features/community/CommunityPage";
export { TimelinePage } from "../features/community/TimelinePage";
export { PostPage } from "../features/feed/PostPage";
export { NotificationsPage } from "../features/notices/NotificationsPage";
export { PointsPage } from "../features/points/PointsPage";
export { PersonPage } from "../features/people/PersonPage";
