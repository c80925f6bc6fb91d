// The calls of analytics: what games did, for staff.
import { query, type Caller } from "./community";
import type { AnalyticsReport, AnalyticsRunList, AnalyticsTitleList, Reply } from "./types";

/** Days like "2026-11-26", both of them in it. */
export interface Days { from?: string | undefined; to?: string | undefined }

export function analytics_calls({ read, command }: Caller) {
  return {
    titles: () => read<AnalyticsTitleList>("/v1/analytics/titles"),
    report: (title: string, days: Days = {}) =>
      read<AnalyticsReport>(`/v1/analytics/titles/${encodeURIComponent(title)}${query({ ...days })}`),
    runs: () => read<AnalyticsRunList>("/v1/analytics/runs"),
    /** For admins: a run begins within a moment. */
    run: (): Promise<Reply<{ busy: true }>> =>
      command<{ busy: true }>({ method: "POST", path: "/v1/analytics/runs" }),
  };
}
