// What one does with posts besides reading and writing them: its code comes when it is asked for.
export { DrawingEditor } from "../drawing/DrawingEditor";
export { Replay } from "../drawing/Replay";
export { PostEditor } from "./PostEditor";
