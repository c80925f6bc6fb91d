// The camera with the frame, and the try that goes on in it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { BroadcastPath, Failure, Me, Programme } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { CheckIn, type State } from "./attempt";
import { guide, shown_aspect, whole } from "./corners";
import { close, Eye, open_camera, type Fault } from "./eye";
import { Frame } from "./Frame";
import { Left } from "./Left";
import type { Quad } from "./quad";
import { Ring } from "./Ring";
import { step_said, tone_of } from "./said";
import { Sign } from "./Sign";
import { used_tickets } from "./used";
import { useWords, type Words } from "./words";

/** What lies over the lower edge of small screens. */
const bars_height = 64;

type Shown = { is: "camera"; stream: MediaStream } | { is: "file"; url: string };
type Source = { is: "off"; fault: Fault | null } | { is: "opening" } | Shown;

interface Props {
  me: Me;
  programme: Programme;
  path: BroadcastPath;
  /** When the next window opens, as people say it. */
  next: string | null;
  /** Whether it looks at something. */
  use: (on: boolean) => void;
  done: (window: number, points: number) => void;
  failed: (failure: Failure) => void;
}

/** The camera or a video, from when somebody opens it until they leave. */
function useSource() {
  const [source, set_source] = useState<Source>({ is: "off", fault: null });
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  useEffect(() => {
    if (source.is === "file") return () => URL.revokeObjectURL(source.url);
    if (source.is !== "camera") return;
    const { stream } = source;
    // Unplugged, or allowed no more.
    const ended = () => set_source({ is: "off", fault: "taken" });
    for (const track of stream.getTracks()) track.addEventListener("ended", ended);
    return () => {
      for (const track of stream.getTracks()) track.removeEventListener("ended", ended);
      close(stream);
    };
  }, [source]);
  return {
    source,
    open: async () => {
      set_source({ is: "opening" });
      const opened = await open_camera();
      if ("fault" in opened) set_source({ is: "off", fault: opened.fault });
      else if (here.current) set_source({ is: "camera", stream: opened.stream });
      else close(opened.stream);
    },
    choose: (file: File) => set_source({ is: "file", url: URL.createObjectURL(file) }),
    shut: (fault: Fault | null = null) => set_source({ is: "off", fault }),
  };
}

export function Viewfinder(props: Props) {
  const w = useWords();
  const { source, open, choose, shut } = useSource();
  const place = useRef<HTMLElement>(null);
  const on = source.is === "camera" || source.is === "file";
  useEffect(() => {
    props.use(on);
    return () => props.use(false);
  }, [on]);
  const before = useRef(on);
  useEffect(() => {
    if (before.current === on) return;
    before.current = on;
    // What one aims with comes to the top where its buttons are not in sight as well.
    if (on && place.current !== null && place.current.getBoundingClientRect().bottom > innerHeight - bars_height)
      place.current.scrollIntoView({ block: "start" });
    // The button that was pressed is gone: the next one takes its place.
    if (document.activeElement === document.body)
      place.current?.querySelector<HTMLElement>(".btn-main")?.focus({ preventScroll: true });
  }, [on]);
  return (
    <section class="cam" ref={place} aria-label={w.camera}>
      {source.is === "off" || source.is === "opening" ? (
        <Closed
          opening={source.is === "opening"} fault={source.is === "off" ? source.fault : null} open={open} choose={choose}
        />
      ) : (
        <View key={source.is === "file" ? source.url : source.stream.id} source={source} shut={shut} {...props} />
      )}
    </section>
  );
}

function fault_said(fault: Fault, w: Words): [title: string, text: string] {
  switch (fault) {
    case "insecure": return [w.fault_insecure_title, w.fault_insecure];
    case "refused": return [w.fault_refused_title, w.fault_refused];
    case "none": return [w.fault_none_title, w.fault_none];
    case "taken": return [w.fault_taken_title, w.fault_taken];
    case "unplayable": return [w.fault_unplayable_title, w.fault_unplayable];
  }
}

function Closed({ opening, fault, open, choose }: {
  opening: boolean; fault: Fault | null; open: () => void; choose: (file: File) => void;
}) {
  const w = useWords();
  const picker = useRef<HTMLInputElement>(null);
  const said = fault === null ? null : fault_said(fault, w);
  return (
    <div class="shut">
      <Sign name="frame" />
      {said === null ? <p>{w.before}</p> : (
        <div role="alert">
          <h2>{said[0]}</h2>
          <p>{said[1]}</p>
        </div>
      )}
      <button type="button" class="btn btn-main btn-lg" aria-busy={opening} onClick={() => !opening && open()}>
        <Sign name="camera" />{opening ? w.opening : w.open_camera}
      </button>
      <button type="button" class="btn btn-bare" onClick={() => picker.current?.click()}>
        <Sign name="film" />{w.use_file}
      </button>
      <input
        ref={picker} type="file" accept="video/*" hidden aria-label={w.file}
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) choose(file);
        }}
      />
    </div>
  );
}

/** How wide what is shown is to its height: as the camera is held. */
function useAspect(video: { current: HTMLVideoElement | null }): number | null {
  const [aspect, set_aspect] = useState<number | null>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const look = () => element.videoWidth > 0 && set_aspect(shown_aspect(element.videoWidth, element.videoHeight));
    look();
    for (const name of ["loadedmetadata", "resize"]) element.addEventListener(name, look);
    return () => {
      for (const name of ["loadedmetadata", "resize"]) element.removeEventListener(name, look);
    };
  }, []);
  return aspect;
}

/** Plays the source in the video that is there. */
function usePlayed(video: { current: HTMLVideoElement | null }, source: Shown): void {
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    if (source.is === "camera") element.srcObject = source.stream;
    else element.src = source.url;
    // It may be taken away before it begins; where it does not begin, no picture comes, and that is said.
    element.play().catch(() => {});
    return () => void (element.srcObject = null);
  }, []);
}

function useCheckIn({ me, programme, path, done, failed }: Props, video: { current: HTMLVideoElement | null }) {
  const check_in = useMemo(() => new CheckIn({
    calls: client.checkin, camera: new Eye(video), used: used_tickets(me.id, programme.id),
    sleep: (ms) => new Promise((over) => setTimeout(over, ms)),
  }, programme.id, path, guide(16 / 9)), [programme.id, path]);
  const state = useStore(check_in.state);
  useEffect(() => () => check_in.stop(), [check_in]);
  useEffect(() => {
    if (state.step.is === "done") done(state.step.window, state.step.points);
    if (state.step.is === "failed") failed(state.step.failure);
  }, [state.step]);
  return { check_in, state };
}

function View({ source, shut, ...props }: Props & { source: Shown; shut: (fault?: Fault | null) => void }) {
  const w = useWords();
  const video = useRef<HTMLVideoElement>(null);
  const aspect = useAspect(video);
  usePlayed(video, source);
  const { check_in, state } = useCheckIn(props, video);
  const [quad, set_quad] = useState<Quad>(guide(16 / 9));
  useEffect(() => check_in.lay(quad), [check_in, quad]);
  // Held otherwise, the device shows another picture.
  useEffect(() => {
    if (aspect === null) return;
    check_in.stop();
    set_quad(guide(aspect));
  }, [aspect]);
  const { step } = state;
  const waits = step.is === "again" && step.at_ms !== null;
  const goes_on = waits || ["looking", "asking", "ready", "watching", "sending"].includes(step.is);
  return (
    <>
      <div class="view" style={{ aspectRatio: String(aspect ?? 16 / 9) }}>
        <video
          ref={video} muted playsInline loop={source.is === "file"} aria-hidden="true" disablePictureInPicture
          onError={() => source.is === "file" && shut("unplayable")}
        />
        {aspect !== null && <Frame quad={quad} found={state.found} lay={goes_on && !waits ? null : set_quad} />}
        {aspect === null && <p class="tip" role="status">{w.opening}</p>}
      </div>
      <Bar state={state} next={props.next} />
      <div class="acts-row">
        {step.is !== "spent" && step.is !== "done" && (
          <button
            type="button" class={`btn btn-lg btn-wide ${goes_on ? "" : "btn-main"}`}
            aria-disabled={aspect === null || step.is === "sending"}
            onClick={() => {
              if (aspect === null || step.is === "sending") return;
              if (goes_on) check_in.stop();
              else check_in.start();
            }}
          >
            {goes_on ? w.stop : step.is === "aiming" ? w.check_in : w.again}
          </button>
        )}
        {!goes_on && (
          <div class="row">
            <button type="button" class="btn btn-bare" onClick={() => set_quad(guide(aspect ?? 16 / 9))}>
              {w.set_back}
            </button>
            {source.is === "file" && (
              <button type="button" class="btn btn-bare" onClick={() => set_quad(whole)}>{w.whole}</button>
            )}
            <button type="button" class="btn btn-bare" onClick={() => shut()}>{w.close_camera}</button>
          </div>
        )}
      </div>
    </>
  );
}

function Bar({ state, next }: { state: State; next: string | null }) {
  const w = useWords();
  const t = useTexts();
  const { title, text, at_ms } = step_said(state, next, w, t);
  return (
    <div class={`bar ${tone_of(state.step)}`} data-step={state.step.is === "again" ? state.step.why : state.step.is}>
      <Ring step={state.step} />
      <div>
        <div role="status">
          <b class="head">{title}</b>
          <p>{text}</p>
        </div>
        {at_ms != null && <p><Left at_ms={at_ms} now={() => performance.now()} /></p>}
      </div>
    </div>
  );
}
