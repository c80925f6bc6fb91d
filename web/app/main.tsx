// Starts the page.
import { render } from "preact";
import { start_live } from "../features/feed/live";
import { start_connection } from "../lib/connection";
import { start_prefs } from "../lib/prefs";
import { start_clock } from "../lib/time";
import { App } from "./App";
import { start_router } from "./router";
import { start_session } from "./session";

start_prefs();
start_connection();
start_clock();
start_router();
start_session();
start_live();
render(<App />, document.getElementById("app") as HTMLElement);
