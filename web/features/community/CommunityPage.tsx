// One community: what is new, what is hot, what was popular on a day.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Community, CommunityRelation, Failure, Sort, Title } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { session_store, useMe } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/States";
import { Band } from "../feed/Band";
import { Composer } from "../feed/Composer";
import { Invite, Lately } from "../feed/Aside";
import { Offline, useConnected } from "../feed/Connected";
import { common_ground } from "../feed/desks";
import type { Feed } from "../feed/feed";
import { watch_community } from "../feed/live";
import { LivePosts, PagedPosts, posts_page } from "../feed/PostList";
import { CommunityRow, TitleLinks, useCommunities } from "./CommunitiesPage";
import { FollowButton } from "./FollowButton";
import { KindBadge } from "./KindBadge";
import { NotShown } from "./NotShown";
import { is_staff, may_change } from "./rules";

const page_count = 30;

interface Loaded {
  community: Community;
  title: Title | null;
}

function useCommunity(id: string) {
  const [loaded, set_loaded] = useState<Loaded | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    let here = true;
    void (async () => {
      const reply = await client.communities.get(id);
      if (!here) return;
      if (!reply.ok) return set_failure(reply.failure);
      const community = reply.value;
      // Without its title it still is a community.
      const title = community.title === null ? null : await client.communities.title(community.title);
      if (here) set_loaded({ community, title: title?.ok ? title.value : null });
    })();
    return () => void (here = false);
  }, [id, tries]);
  function retry() {
    set_failure(null);
    set_tries(tries + 1);
  }
  return { loaded, failure, retry };
}

export function CommunityPage({ id, sort }: { id: string; sort: Sort }) {
  const t = useTexts();
  const feed = useMemo(() => watch_community(id), []);
  const { loaded, failure, retry } = useCommunity(id);
  const language = useStore(language_store);
  const connected = useConnected(feed);
  const name = id === common_ground ? { text: t.feed.title, language }
    : name_in(loaded?.community.names ?? {}, language);
  useEffect(() => {
    if (name.text !== "") document.title = `${name.text} · ${t.app.name}`;
  }, [name.text, t, sort]);
  if (failure !== null) return <NotShown failure={failure} retry={retry} />;
  if (loaded === null) return <main id="main" class="narrow"><Skeleton count={3} /></main>;
  const { community, title } = loaded;
  return (
    <>
      <Band
        lit={connected} title={name.text} language={name.language}
        {...(title === null ? { crest: "祭" } : { crest: title.crest, of: title.id })}
      >
        <Head community={community} title={title} name={name.text} />
      </Band>
      <main id="main">
        <div class="cols">
          <div class="stack feed">
            <Tabs community={id} sort={sort} />
            {!connected && <Offline />}
            <Writing community={community} name={name.text} />
            <Posts feed={feed} community={id} sort={sort} />
          </div>
          <About community={community} title={title} feed={feed} />
        </div>
      </main>
    </>
  );
}

function Head({ community, title, name }: { community: Community; title: Title | null; name: string }) {
  const t = useTexts();
  const session = useStore(session_store);
  const me = useMe();
  const [relation, set_relation] = useState<CommunityRelation | null>(null);
  useEffect(() => {
    let here = true;
    void client.communities.relation(community.id).then((reply) => {
      if (here && reply.ok) set_relation(reply.value);
    });
    return () => void (here = false);
  }, [community.id, session.state]);
  function change(followed: boolean) {
    set_relation((one) => one && (one.followed === followed ? one : {
      ...one, followed, follower_count: Math.max(0, one.follower_count + (followed ? 1 : -1)),
    }));
  }
  return (
    <div class="c-meta">
      <p class="meta">
        {title !== null && title.publisher !== "" && <span dir="auto">{title.publisher}</span>}
        {relation !== null && <span>{t.communities.followers(relation.follower_count)}</span>}
        {relation !== null && <span>{t.communities.posts(relation.post_count)}</span>}
        <KindBadge kind={community.kind} />
      </p>
      {relation !== null && (
        <FollowButton
          followed={relation.followed} name={name} on_change={change}
          send={(on) => client.communities.follow(community.id, on)}
        />
      )}
      {may_change(community, me) && (
        <a class="btn" href={`/communities/${community.id}/edit`} aria-label={t.forms.change_of(name)}>
          <Icon name="pencil" />{t.forms.change}
        </a>
      )}
    </div>
  );
}

function Tabs({ community, sort }: { community: string; sort: Sort }) {
  const t = useTexts();
  const of = `/communities/${community}`;
  const tabs: [Sort, string, string][] = [
    ["new", of, t.communities.new], ["hot", `${of}/hot`, t.communities.hot],
    ["popular", `${of}/popular`, t.communities.popular],
  ];
  return (
    <nav class="tabs" aria-label={t.communities.order}>
      {tabs.map(([one, href, label]) => (
        <a key={one} class="tab" href={href} aria-current={one === sort ? "page" : undefined}>{label}</a>
      ))}
    </nav>
  );
}

function Writing({ community, name }: { community: Community; name: string }) {
  const t = useTexts();
  const session = useStore(session_store);
  if (session.state === "anonymous") return <Invite />;
  if (session.state !== "known") return null;
  const { me } = session;
  const owns = community.owner?.id === me.id;
  const staff = is_staff(me);
  if (community.who_posts === "owner" && !owns && !staff) return <p class="hint">{t.communities.owner_posts}</p>;
  if (community.who_posts === "staff" && !staff) return <p class="hint">{t.communities.staff_posts}</p>;
  return (
    <Composer
      key={me.id} me={me} to={{ community: community.id }} kinds={community.post_kinds}
      label={community.id === common_ground ? t.composer.label : t.communities.write(name)} form={t.composer.form}
    />
  );
}

function Posts({ feed, community, sort }: { feed: Feed; community: string; sort: Sort }) {
  const t = useTexts();
  if (sort === "new") return <LivePosts feed={feed} end={t.communities.end} />;
  if (sort === "popular") return <Popular community={community} />;
  return (
    <PagedPosts
      key={sort} label={t.communities.hot} empty_title={t.communities.nothing}
      fetch_page={async (before) => posts_page(await client.posts.list(community, {
        sort, limit: page_count, ...(before === undefined ? {} : { before }),
      }))}
    />
  );
}

/** A day in UTC, and the nearest ones on which somebody posted. */
interface Days {
  day: string;
  before: string | null;
  after: string | null;
}

function Popular({ community }: { community: string }) {
  const t = useTexts();
  // Until somebody turns the days it is the last one on which somebody posted.
  const [wanted, set_wanted] = useState<string | null>(null);
  const [days, set_days] = useState<Days | null>(null);
  const now_wanted = useRef(wanted);
  now_wanted.current = wanted;
  async function fetch_page(before?: string) {
    const reply = await client.posts.list(community, {
      sort: "popular", limit: page_count, ...(wanted === null ? {} : { day: wanted }),
      ...(before === undefined ? {} : { before }),
    });
    if (reply.ok && reply.value.day !== undefined && now_wanted.current === wanted) {
      const { day, day_before = null, day_after = null } = reply.value;
      set_days({ day, before: day_before, after: day_after });
    }
    return posts_page(reply);
  }
  return (
    <>
      {days !== null && <DayBar days={days} on_change={set_wanted} />}
      <PagedPosts
        key={wanted} label={t.communities.popular} empty_title={t.communities.nothing}
        empty={t.communities.nothing_text} fetch_page={fetch_page}
      />
    </>
  );
}

function DayBar({ days, on_change }: { days: Days; on_change: (day: string) => void }) {
  const t = useTexts();
  const language = useStore(language_store);
  const shown = new Intl.DateTimeFormat(language, { dateStyle: "full", timeZone: "UTC" })
    .format(Date.parse(`${days.day}T00:00:00Z`));
  const turn = (to: string | null, label: string, icon: "left" | "right") => (
    <button
      type="button" class="btn btn-icon" aria-label={label} title={label} aria-disabled={to === null}
      onClick={() => to !== null && on_change(to)}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div class="row between day" role="group" aria-label={t.communities.day}>
      {turn(days.before, t.communities.day_before, "left")}
      <span aria-live="polite">{shown}</span>
      {turn(days.after, t.communities.day_next, "right")}
    </div>
  );
}

function About({ community, title, feed }: { community: Community; title: Title | null; feed: Feed }) {
  const t = useTexts();
  const { posts } = useStore(feed.state);
  const { communities } = useCommunities(community.title);
  const others = communities?.filter((one) => one.id !== community.id) ?? [];
  const { owner } = community;
  const about = community.id === common_ground ? t.feed.about : community.description;
  return (
    <aside class="stack">
      {(about !== "" || owner !== null) && (
        <section class="card">
          <h2 class="h-card">{t.communities.about}</h2>
          <p class="small quiet description" dir="auto">{about}</p>
          {owner !== null && (
            <p class="row small owner">
              <Face face={owner.face} />
              <a href={`/people/${owner.handle}`} dir="auto">{owner.name}</a>
              <span class="faint">{t.communities.owner}</span>
            </p>
          )}
        </section>
      )}
      {title !== null && others.length > 0 && (
        <section class="card">
          <h2 class="h-card">{t.communities.others}</h2>
          <ul class="subs">{others.map((one) => <CommunityRow key={one.id} community={one} />)}</ul>
        </section>
      )}
      {title !== null && <TitleLinks title={title} communities={communities} />}
      <Lately posts={posts} />
    </aside>
  );
}
