// Titles, each with its lantern, and the communities under it.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Community, Failure, Play, Title } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { session_store, useMe } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Lantern } from "../../ui/Lantern";
import { Notice, Skeleton } from "../../ui/States";
import { CheckinWay, useProgrammes } from "../checkin/Way";
import { common_ground } from "../feed/desks";
import { Pager } from "../feed/pager";
import { Failed, Older } from "../feed/PostList";
import { KindBadge } from "./KindBadge";
import { is_admin, owns_enough } from "./rules";

const titles_count = 20;
const communities_count = 50;

export function CommunitiesPage() {
  const t = useTexts();
  const pager = useMemo(() => new Pager<Title>(async (before) => {
    const reply = await client.communities.titles(
      { limit: titles_count, ...(before === undefined ? {} : { before }) });
    if (!reply.ok) return reply;
    return { ...reply, value: { items: reply.value.titles, next: reply.value.next } };
  }), []);
  const state = useStore(pager.state);
  const followed = useFollowed();
  const me = useMe();
  const play = usePlay();
  const programmes = useProgrammes();
  useEffect(() => void pager.read(), []);
  return (
    <main id="main" class="narrow stack">
      <div class="row between wrap">
        <h1 tabIndex={-1}>{t.communities.title}</h1>
        {is_admin(me) && <a class="btn" href="/titles/new">{t.forms.new_title}</a>}
      </div>
      <p class="quiet">{t.communities.lead}</p>
      <a class="card title-card common-link" href={`/communities/${common_ground}`}>
        <span class="lamp lit" aria-hidden="true"><Lantern lit crest="祭" /></span>
        <span><b class="title-name">{t.feed.title}</b><br /><span class="small quiet">{t.feed.lead}</span></span>
      </a>
      {play !== null && <PlayCard title={play.title} />}
      <CheckinWay programmes={programmes} />
      {state.status === "loading" && <Skeleton count={3} />}
      {state.status === "failed" && (
        <Failed failure={state.failure} retry={() => void pager.retry()} />
      )}
      {state.status === "ready" && state.items.length === 0 && (
        <Notice title={t.communities.none_title} text={t.communities.none} />
      )}
      {state.items.map((title) => <TitleCard key={title.id} title={title} followed={followed} />)}
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()}
        label={t.communities.more}
      />
    </main>
  );
}

// The game that this server shows; null where there is none, or that is not known.
function usePlay(): Play | null {
  const [play, set_play] = useState<Play | null>(null);
  useEffect(() => {
    let here = true;
    void client.play().then((reply) => here && reply.ok && set_play(reply.value));
    return () => void (here = false);
  }, []);
  return play;
}

function PlayCard({ title }: { title: Title }) {
  const t = useTexts();
  const name = name_in(title.names, useStore(language_store));
  return (
    <a class="card title-card common-link" href="/play">
      <span class="lamp lit" aria-hidden="true"><Lantern lit crest={title.crest} title={title.id} /></span>
      <span>
        <b class="title-name">{t.communities.play(name.text)}</b><br />
        <span class="small quiet">{t.communities.play_lead}</span>
      </span>
    </a>
  );
}

// The communities that one follows; none where that is not known.
function useFollowed(): ReadonlySet<string> {
  const session = useStore(session_store);
  const [followed, set_followed] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (session.state !== "known") return set_followed(new Set());
    let here = true;
    void client.communities.followed().then((reply) => {
      if (here && reply.ok) set_followed(new Set(reply.value.communities));
    });
    return () => void (here = false);
  }, [session.state]);
  return followed;
}

function TitleCard({ title, followed }: { title: Title; followed: ReadonlySet<string> }) {
  const t = useTexts();
  const language = useStore(language_store);
  const name = name_in(title.names, language);
  const { communities, failure, read } = useCommunities(title.id);
  const others = communities?.filter((one) => one.id !== title.main_community) ?? [];
  const id = `title-${title.id}`;
  return (
    <section class="card" aria-labelledby={id}>
      <div class="title-card">
        <span class="lamp lit" aria-hidden="true"><Lantern lit crest={title.crest} title={title.id} /></span>
        <div>
          <h2 id={id} class="h-card title-name" lang={name.language} dir="auto">
            <a href={`/communities/${title.main_community}`}>{name.text}</a>
          </h2>
          <p class="small quiet">
            <span dir="auto">{title.publisher}</span>
            {title.platforms.map((platform) => <span key={platform} class="badge">{platform}</span>)}
            {followed.has(title.main_community) && (
              <span class="badge ok">{t.communities.followed}</span>
            )}
          </p>
        </div>
      </div>
      {failure !== null && (
        <p class="small">
          {t.communities.failed}{" "}
          <button type="button" class="btn" onClick={read}>{t.app.try_again}</button>
        </p>
      )}
      {others.length > 0 && (
        <ul class="subs">
          {others.map((community) => (
            <CommunityRow key={community.id} community={community} followed={followed.has(community.id)} />
          ))}
        </ul>
      )}
      <TitleLinks title={title} communities={communities} />
    </section>
  );
}

interface TitleLinksProps {
  title: Title;
  communities: Community[] | null;
}

/** What one may do with a title. */
export function TitleLinks({ title, communities }: TitleLinksProps) {
  const t = useTexts();
  const me = useMe();
  const name = name_in(title.names, useStore(language_store)).text;
  if (me === null || communities === null) return null;
  return (
    <div class="row wrap title-links">
      {owns_enough(communities, me) && !is_admin(me) ? <p class="hint">{t.forms.full}</p> : (
        <a
          class="btn" href={`/titles/${title.id}/communities/new`}
          aria-label={t.forms.new_community_of(name)}
        >
          {t.forms.new_community}
        </a>
      )}
      {is_admin(me) && (
        <a class="btn" href={`/titles/${title.id}/edit`} aria-label={t.forms.change_of(name)}>
          {t.forms.change}
        </a>
      )}
    </div>
  );
}

export function CommunityRow({ community, followed }: { community: Community; followed?: boolean }) {
  const t = useTexts();
  const name = name_in(community.names, useStore(language_store));
  return (
    <li>
      <a href={`/communities/${community.id}`}>
        <span lang={name.language} dir="auto">{name.text}</span>
        <span class="row">
          <KindBadge kind={community.kind} />
          {followed === true && <span class="badge ok">{t.communities.followed}</span>}
        </span>
      </a>
    </li>
  );
}

export function useCommunities(title: string | null) {
  const [communities, set_communities] = useState<Community[] | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    if (title === null) return;
    let here = true;
    void client.communities.list({ title, limit: communities_count }).then((reply) => {
      if (!here) return;
      if (reply.ok) set_communities(reply.value.communities);
      set_failure(reply.ok ? null : reply.failure);
    });
    return () => void (here = false);
  }, [title, tries]);
  return { communities, failure, read: () => set_tries(tries + 1) };
}
