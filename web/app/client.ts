// The one client of this page.
import { Client } from "../../sdk/ts/src/index";
import { tab_storage } from "../lib/storage";

const store = tab_storage();
export const client = new Client(store === undefined ? {} : { store });
