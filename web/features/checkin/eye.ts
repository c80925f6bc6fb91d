// The browser's side of a camera: how one is opened, and what it sees as light.
import type { Camera, Picture } from "./burst";
import { shown_aspect, shown_part } from "./corners";
import { light_of, type Light } from "./quad";

/** Pixels across of what is looked at; more tell nothing. */
const light_width = 480;

/** Why there is no picture. */
export type Fault = "insecure" | "refused" | "none" | "taken" | "unplayable";

export type Opened = { stream: MediaStream } | { fault: Fault };

export async function open_camera(): Promise<Opened> {
  // Browsers have no cameras for pages that came without TLS, but from this very machine.
  if (!isSecureContext) return { fault: "insecure" };
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) return { fault: "none" };
  try {
    return {
      stream: await devices.getUserMedia({
        audio: false,
        video: {
          facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 },
          frameRate: { ideal: 30 },
        },
      }),
    };
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") return { fault: "refused" };
    return { fault: name === "NotReadableError" || name === "AbortError" ? "taken" : "none" };
  }
}

export function close(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Calls back with the next picture that is shown; returns what ends that. */
function on_picture(video: HTMLVideoElement, seen: (at_ms: number) => void): () => void {
  if ("requestVideoFrameCallback" in video) {
    const asked = video.requestVideoFrameCallback((at_ms) => seen(at_ms));
    return () => video.cancelVideoFrameCallback(asked);
  }
  const shown = video as HTMLVideoElement;
  const before = shown.currentTime;
  let asked = requestAnimationFrame(function look(at_ms) {
    if (shown.currentTime !== before) seen(at_ms);
    else asked = requestAnimationFrame(look);
  });
  return () => cancelAnimationFrame(asked);
}

/** What a video shows, as one picture after the other. */
export class Eye implements Camera<Light> {
  private readonly canvas = document.createElement("canvas");
  private readonly paper = this.canvas.getContext("2d", { willReadFrequently: true });

  constructor(private readonly place: { readonly current: HTMLVideoElement | null }) {}

  private get video(): HTMLVideoElement {
    if (this.place.current === null) throw new Error("nothing to look at");
    return this.place.current;
  }

  now(): number {
    return performance.now();
  }

  next(until_ms: number): Promise<Picture<Light> | "late" | "hidden"> {
    return new Promise((done) => {
      const end = (what: Picture<Light> | "late" | "hidden") => {
        clearTimeout(timer);
        stop_looking();
        document.removeEventListener("visibilitychange", look_away);
        done(what);
      };
      const look_away = () => document.hidden && end("hidden");
      const timer = setTimeout(() => end("late"), Math.max(0, until_ms - this.now()));
      const stop_looking = on_picture(this.video, (at_ms) => end({ at_ms, look: () => this.look() }));
      document.addEventListener("visibilitychange", look_away);
      look_away();
    });
  }

  private look(): Light {
    const { videoWidth, videoHeight } = this.video;
    const aspect = shown_aspect(videoWidth, videoHeight);
    const { x, y, width, height } = shown_part(videoWidth, videoHeight, aspect);
    this.canvas.width = light_width;
    this.canvas.height = Math.round(light_width / aspect);
    const paper = this.paper as CanvasRenderingContext2D;
    paper.drawImage(this.video, x, y, width, height, 0, 0, this.canvas.width, this.canvas.height);
    return light_of(paper.getImageData(0, 0, this.canvas.width, this.canvas.height));
  }
}
