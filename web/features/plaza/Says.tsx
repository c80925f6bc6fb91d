// What people say under a lantern: bubbles that rise in turns, two at a time. All of them are in the
// list, for those who listen and for the keyboard; the one that has the focus is up.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Post } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";
import { newest_up, no_turns, raised, settled, turned, waits } from "./turns";

const turn_ms = 5500;
// A new post does not wait for its turn, but for what has just come up.
const new_ms = 1800;

interface Props {
  posts: readonly Post[];
  label: string;
  /** Whether what is up stays up, the newest two stay up, and whether anybody looks. */
  still: boolean;
  calm: boolean;
  near: boolean;
  /** Its place among the lanterns, so that they don't all turn at once. */
  place: number;
  /** Lets what is said stay as it is; returns what ends that. */
  hold: () => () => void;
}

export function Says({ posts, label, still, calm, near, place, hold }: Props) {
  const [turns, set_turns] = useState(() => settled(no_turns, posts));
  // What is pointed at or has the focus: nobody goes from under somebody's eyes.
  const [pointed, set_pointed] = useState<string | null>(null);
  const [focused, set_focused] = useState<string | null>(null);
  const listens = posts.some(({ id }) => id === pointed || id === focused);
  const turned_at = useRef(Date.now() - (place % 3) * (turn_ms / 3));
  const now = settled(turns, posts);

  useEffect(() => {
    if (now !== turns) set_turns(now);
  }, [now]);
  useEffect(() => (listens ? hold() : undefined), [listens]);
  useEffect(() => {
    if (still || listens || !near) return;
    if (calm) return set_turns(newest_up(now, posts));
    const wait = turned_at.current + (waits(now, posts) ? new_ms : turn_ms) - Date.now();
    const timer = setTimeout(() => {
      turned_at.current = Date.now();
      set_turns((one) => turned(settled(one, posts), posts));
    }, Math.max(wait, 0));
    return () => clearTimeout(timer);
  }, [still, listens, calm, near, now, posts]);

  return (
    <ul class="says" aria-label={label}>
      {posts.map((post) => {
        // What goes, goes where it was.
        const side = now.heard.get(post.id)?.side ?? 0;
        return (
          <li
            key={post.id}
            class={`${side === 0 ? "l" : "r"} ${now.up[side] === post.id ? "up" : ""} ${post.drawing === null ? "" : "drawn"}`}
            onFocusIn={() => {
              set_focused(post.id);
              set_turns((one) => raised(one, post.id));
            }}
            onFocusOut={() => set_focused(null)}
            onPointerEnter={(event) => event.pointerType === "mouse" && set_pointed(post.id)}
            onPointerLeave={() => set_pointed(null)}
          >
            <Bubble post={post} />
          </li>
        );
      })}
    </ul>
  );
}

function Bubble({ post }: { post: Post }) {
  const t = useTexts();
  const { text, drawing, author } = post;
  return (
    <a class="bubble" href={`/posts/${post.id}`}>
      {drawing !== null && (
        <img
          class="pic" src={drawing.svg} width={320} height={120} decoding="async" draggable={false}
          alt={text === "" ? t.plaza.drawing : ""}
        />
      )}
      {text !== "" && (
        <span class={drawing === null ? "txt" : "txt short"} dir="auto" lang={post.language ?? undefined}>
          {text}
        </span>
      )}
      <span class="said-by" dir="auto">{author.name}</span>
    </a>
  );
}
