// One post, or a comment: who says it, what they wrote and drew, and what one can do with it.
import { Component, type ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Post } from "../../../sdk/ts/src/index";
import { is_mine, session_store } from "../../app/session";
import { useTexts, type Texts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { code_point_count } from "../../lib/text";
import { ago, full_time, now_store } from "../../lib/time";
import { FeelingFace } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { lazy } from "../../ui/Lazy";
import { DrawnPicture } from "../drawing/DrawnPicture";
import { EmpathyButton } from "./EmpathyButton";
import { PostMenu } from "./PostMenu";

export function Age({ time }: { time: string }) {
  const t = useTexts();
  const language = useStore(language_store);
  const now = useStore(now_store);
  return (
    <time dateTime={time} title={full_time(time, language)}>
      {ago(time, now, language, t.app.just_now)}
    </time>
  );
}

interface Props {
  post: Post;
  /** Its place in a feed, from 1. */
  place?: number;
  /** Where it is already, such as on its own page: no link leads there. */
  here?: boolean;
  /** Called where the post has left the page by one's own doing. */
  on_gone?: () => void;
}

/** Drawn again only where what it is given changed: feeds are long. */
export class PostCard extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { post, place, here } = this.props;
    return post !== next.post || place !== next.place || here !== next.here;
  }

  override render({ post, place, here = false, on_gone = () => {} }: Props): ComponentChildren {
    return <Card post={post} here={here} on_gone={on_gone} {...(place === undefined ? {} : { place })} />;
  }
}

const Editor = lazy(
  () => import("./tools").then((part) => part.PostEditor),
  () => <div class="skel" />,
  (retry) => <EditorMissing retry={retry} />);

function EditorMissing({ retry }: { retry: () => void }) {
  const t = useTexts();
  return <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>;
}

function Card({ post, place, here, on_gone }: Props & { here: boolean; on_gone: () => void }) {
  const t = useTexts();
  const session = useStore(session_store);
  const [editing, set_editing] = useState(false);
  const head = `by-${post.id}`;
  return (
    <article
      class={`card post ${post.parent === null || here ? "" : "comment"}`} aria-labelledby={head}
      tabIndex={place === undefined ? undefined : -1} aria-posinset={place}
      aria-setsize={place === undefined ? undefined : -1} data-post={post.id}
    >
      <FeelingFace face={post.author.face} feeling={post.feeling} />
      <div>
        <div class="post-head">
          <a class="who-name" href={`/people/${post.author.handle}`}>
            <b id={head} dir="auto">{post.author.name}</b>
          </a>
          <span class="faint small handle">@{post.author.handle}</span>
          <a class="faint small" href={`/posts/${post.id}`} aria-current={here ? "page" : undefined}>
            <Age time={post.created_at} />
          </a>
          {post.edited_at !== null && <Edited time={post.edited_at} />}
          {post.spoiler && <span class="badge warn"><Icon name="veil" />{t.post.spoiler}</span>}
          {session.state === "known" && (
            <PostMenu post={post} on_edit={() => set_editing(true)} on_gone={on_gone} />
          )}
        </div>
        {editing ? <Editor post={post} on_close={() => set_editing(false)} /> : <Body post={post} />}
        <div class="post-acts">
          <EmpathyButton post={post} />
          {post.parent === null && !here && (
            <a class="btn" href={`/posts/${post.id}`}>
              <Icon name="talk" />
              <span class="vh">{t.post.comments}</span>
              <Number of={post.comment_count} />
            </a>
          )}
        </div>
      </div>
    </article>
  );
}

function Number({ of }: { of: number }) {
  const language = useStore(language_store);
  return <span class="num">{new Intl.NumberFormat(language).format(of)}</span>;
}

function Edited({ time }: { time: string }) {
  const t = useTexts();
  const language = useStore(language_store);
  return <span class="faint small" title={full_time(time, language)}>{t.post.edited}</span>;
}

function Body({ post }: { post: Post }) {
  const t = useTexts();
  const [shown, set_shown] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  // What had the focus is gone with the veil.
  useEffect(() => {
    if (shown) place.current?.focus({ preventScroll: true });
  }, [shown]);
  return (
    <div class="post-body" ref={place} tabIndex={post.spoiler ? -1 : undefined}>
      {post.spoiler && !shown && !is_mine(post) ? (
        <div class="veil">
          <div class="cover">
            <span>{hidden_text(post, t)}</span>
            <button type="button" class="btn" onClick={() => set_shown(true)}>
              <Icon name="eye" />{t.post.unveil}
            </button>
          </div>
        </div>
      ) : (
        <>
          {post.text !== "" && (
            <p class="post-text" dir="auto" lang={post.language ?? undefined}>{post.text}</p>
          )}
          {post.drawing !== null && <DrawnPicture drawing={post.drawing} name={post.author.name} />}
        </>
      )}
      {post.tag !== null && (
        <p class="tags"><span class="badge tag" dir="auto"><span class="vh">{t.post.tag}: </span>{post.tag}</span></p>
      )}
    </div>
  );
}

// The veil keeps the content out of the page altogether, and says what it keeps.
function hidden_text(post: Post, t: Texts): string {
  const letters = code_point_count(post.text);
  if (post.drawing === null) return t.post.hidden_text(letters);
  return letters === 0 ? t.post.hidden_drawing : t.post.hidden_both(letters);
}
