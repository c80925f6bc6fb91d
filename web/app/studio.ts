// Pages of staff with charts: their code, the charts' library and styles come with the first visit.
export { AnalyticsPage } from "../features/studio/AnalyticsPage";
export { BroadcastPage } from "../features/studio/BroadcastPage";
