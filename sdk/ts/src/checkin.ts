// The calls of check-in: programmes, tickets, what the camera saw, and one's own check-ins.
import { query, type Caller, type Page } from "./community";
import type {
  Attendance, BroadcastPath, CheckinAnswer, CheckinAttempt, CheckinList, ProgrammeList, TicketAnswer,
} from "./types";

export function checkin_calls({ read, command }: Caller) {
  const of = (programme: string) => `/v1/checkin/${encodeURIComponent(programme)}`;
  return {
    programmes: () => read<ProgrammeList>("/v1/checkin/programmes"),
    /** Who came, and what it gave; for support and admins. One figure is of `step_s` seconds. */
    attendance: (programme: string, step_s: number) =>
      read<Attendance>(`/v1/checkin/programmes/${encodeURIComponent(programme)}/attendance${query({ step_s })}`),
    ticket: (programme: string, path: BroadcastPath) =>
      read<TicketAnswer>(`${of(programme)}/ticket${query({ path })}`),
    /** What the camera saw, with its ticket. The same may be sent again where an answer got lost. */
    check_in: (programme: string, attempt: CheckinAttempt) =>
      command<CheckinAnswer>({ method: "POST", path: of(programme), body: attempt }),
    /** One's own, the newest first, with what became of their points. */
    own: (page: Page = {}) => read<CheckinList>(`/v1/checkin/me${query({ ...page })}`),
  };
}
