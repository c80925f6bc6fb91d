// The one client of this page.
import { Client, type PositionStore } from "../../sdk/ts/src/index";

function store(): PositionStore | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined; // Storage is switched off.
  }
}

const position_store = store();
export const client = new Client(position_store === undefined ? {} : { store: position_store });
