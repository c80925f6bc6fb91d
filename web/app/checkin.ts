// Check-in: its code and its styles come with the first visit.
export { CheckinPage } from "../features/checkin/CheckinPage";
