// Support's page: its code and its styles come with the first visit.
export { SupportPage } from "../features/support/SupportPage";
