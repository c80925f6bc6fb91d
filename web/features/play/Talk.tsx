// What those who fight say: posts of the game's community, on paper, with empathy beside them.
import { useMemo } from "preact/hooks";
import type { Me, Post } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Skeleton } from "../../ui/States";
import { Composer } from "../feed/Composer";
import { EmpathyButton } from "../feed/EmpathyButton";
import { watch_community } from "../feed/live";
import { useWords } from "./words";

const shown_max = 6;

export function Talk({ me, community }: { me: Me; community: string }) {
  const t = useTexts();
  const w = useWords();
  const feed = useMemo(() => watch_community(community), []);
  const { status, fresh, posts } = useStore(feed.state);
  // What tells how something ends is not for those who look at something else.
  const shown = [...fresh, ...posts].filter((post) => !post.spoiler).slice(0, shown_max);
  return (
    <section class="talk" aria-labelledby="talk">
      <div class="sec">
        <h2 id="talk" class="h-card">{w.talk}</h2>
        <a class="small" href={`/communities/${community}`}>{w.all_talk}</a>
      </div>
      <Composer
        me={me} to={{ community }} label={w.talk_label} form={w.talk_form} tag={w.tag}
      />
      {status === "loading" && shown.length === 0 && <Skeleton count={2} />}
      {status === "ready" && shown.length === 0 && <p class="hint">{w.quiet}</p>}
      <ul class="voices" aria-label={t.feed.posts}>
        {shown.map((post) => <li key={post.id} data-post={post.id}><Voice post={post} /></li>)}
      </ul>
    </section>
  );
}

function Voice({ post }: { post: Post }) {
  const t = useTexts();
  const { author, drawing, text } = post;
  return (
    <>
      <Face face={author.face} feeling={post.feeling} />
      <div class="grow">
        <p class="xs faint"><a class="who-name" href={`/people/${author.handle}`} dir="auto">{author.name}</a></p>
        <a class="bubble" href={`/posts/${post.id}`}>
          {drawing !== null && (
            <img
              class="pic" src={drawing.svg} width={320} height={120} decoding="async" draggable={false}
              alt={text === "" ? t.plaza.drawing : ""}
            />
          )}
          {text !== "" && <span class="txt" dir="auto" lang={post.language ?? undefined}>{text}</span>}
        </a>
      </div>
      <EmpathyButton post={post} />
    </>
  );
}
