// A person: who they are, and what they wrote, drew and felt with.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Account, Author, Failure, PeoplePage, PersonRelation, Reply } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { profile_tabs, type ProfileTab } from "../../app/router";
import { my_id, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { FollowButton } from "../community/FollowButton";
import { Pager, type ItemPage } from "../feed/pager";
import { Failed, Older, PagedPosts, posts_page } from "../feed/PostList";
import { PersonMenu } from "./PersonMenu";

const page_count = 30;

function usePerson(handle: string) {
  const session = useStore(session_store);
  const [account, set_account] = useState<Account | null>(null);
  const [relation, set_relation] = useState<PersonRelation | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    let here = true;
    void client.accounts.get(handle).then((reply) => {
      if (!here) return;
      if (reply.ok) set_account(reply.value);
      set_failure(reply.ok ? null : reply.failure);
    });
    return () => void (here = false);
  }, [handle, tries]);
  useEffect(() => {
    let here = true;
    void client.people.relation(handle).then((reply) => here && reply.ok && set_relation(reply.value));
    return () => void (here = false);
  }, [handle, session.state, tries]);
  return { account, relation, set_relation, failure, retry: () => set_tries(tries + 1) };
}

export function PersonPage({ handle, tab }: { handle: string; tab: ProfileTab }) {
  const t = useTexts();
  const { account, relation, set_relation, failure, retry } = usePerson(handle);
  useEffect(() => {
    if (account !== null) document.title = `${account.name} · ${t.app.name}`;
  }, [account, t, tab]);
  if (failure !== null) {
    const gone = failure.code === "not_found";
    return (
      <main id="main" class="narrow">
        <Notice
          title={gone ? t.people.gone_title : t.people.failed}
          text={gone ? t.people.gone(handle) : failure_text(failure, t)} level={1} alert={!gone}
        >
          {gone ? <a class="btn btn-main" href="/">{t.post.back}</a>
            : <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>}
        </Notice>
      </main>
    );
  }
  if (account === null) return <main id="main" class="narrow"><Skeleton count={2} /></main>;
  function followed(on: boolean) {
    set_relation((one) => one && (one.followed === on ? one : {
      ...one, followed: on, follower_count: Math.max(0, one.follower_count + (on ? 1 : -1)),
    }));
  }
  return (
    <main id="main">
      <div class="cols person">
        <Who account={account} relation={relation} on_followed={followed} />
        <div class="stack feed">
          <Tabs handle={handle} tab={tab} />
          <Shown key={tab} handle={handle} tab={tab} name={account.name} />
        </div>
      </div>
    </main>
  );
}

interface WhoProps {
  account: Account;
  relation: PersonRelation | null;
  on_followed: (on: boolean) => void;
}

function Who({ account, relation, on_followed }: WhoProps) {
  const t = useTexts();
  const session = useStore(session_store);
  const mine = session.state === "known" && session.me.id === account.id;
  const number = new Intl.NumberFormat(useStore(language_store));
  const of = `/people/${account.handle}`;
  const stats: [string, number, string][] = relation === null ? [] : [
    [of, relation.post_count, t.people.posts(relation.post_count)],
    [`${of}/followers`, relation.follower_count, t.people.followers(relation.follower_count)],
    [`${of}/following`, relation.following_count, t.people.following],
  ];
  return (
    <section class="card who">
      <Face face={account.face} class="big" />
      <div>
        <h1 tabIndex={-1} dir="auto">{account.name}</h1>
        <p class="faint">
          @{account.handle}
          {relation?.follows_me === true && <>{" "}<span class="badge">{t.people.follows_you}</span></>}
        </p>
      </div>
      {account.bio !== "" && <p class="quiet bio" dir="auto">{account.bio}</p>}
      {stats.length > 0 && (
        <ul class="stats">
          {stats.map(([href, count, label]) => (
            <li key={href}>
              <a href={href}><b class="num">{number.format(count)}</b><span>{label}</span></a>
            </li>
          ))}
        </ul>
      )}
      <div class="row wrap">
        {mine && (
          <a class="btn" href="/settings"><Icon name="gear" />{t.people.edit}</a>
        )}
        {mine && <a class="btn" href="/points">{t.points.title}</a>}
        {!mine && relation !== null && (
          <FollowButton
            followed={relation.followed} name={account.name} on_change={on_followed}
            send={(on) => client.people.follow(account.handle, on)}
          />
        )}
        {!mine && session.state === "known" && <PersonMenu account={account} />}
      </div>
    </section>
  );
}

function Tabs({ handle, tab }: { handle: string; tab: ProfileTab }) {
  const t = useTexts();
  const tabs = useRef<HTMLElement>(null);
  // Where they do not all fit, the current one is to be seen.
  useEffect(() => {
    const nav = tabs.current;
    const current = nav?.querySelector<HTMLElement>("[aria-current]");
    if (!nav || !current) return;
    const middle = current.offsetLeft - nav.offsetLeft + current.offsetWidth / 2;
    nav.scrollLeft = middle - nav.clientWidth / 2;
  }, [tab, t]);
  return (
    <nav class="tabs" aria-label={t.people.tabs} ref={tabs}>
      {profile_tabs.map((one) => (
        <a
          key={one} class="tab" aria-current={one === tab ? "page" : undefined}
          href={one === "posts" ? `/people/${handle}` : `/people/${handle}/${one}`}
        >
          {tab_name(one, t)}
        </a>
      ))}
    </nav>
  );
}

function tab_name(tab: ProfileTab, t: Texts): string {
  switch (tab) {
    case "posts": return t.people.tab_posts;
    case "drawings": return t.people.tab_drawings;
    case "empathies": return t.people.tab_empathies;
    case "followers": return t.people.tab_followers;
    case "following": return t.people.tab_following;
  }
}

function Shown({ handle, tab, name }: { handle: string; tab: ProfileTab; name: string }) {
  const t = useTexts();
  const page = (before: string | undefined) =>
    ({ limit: page_count, ...(before === undefined ? {} : { before }) });
  // What they keep to themselves is no failure.
  const kept = (failure: Failure) => (failure.code === "denied"
    ? <Notice title={t.people.kept_title} text={t.people.kept(name)} /> : null);
  switch (tab) {
    case "posts": case "drawings":
      return (
        <PagedPosts
          label={tab_name(tab, t)} empty_title={t.people.no_posts}
          fetch_page={async (before) => posts_page(await client.people.posts(
            handle, { ...page(before), kind: tab === "posts" ? "all" : "drawing" }))}
        />
      );
    case "empathies":
      return (
        <PagedPosts
          label={tab_name(tab, t)} empty_title={t.people.no_empathies} instead={kept}
          fetch_page={async (before) => posts_page(await client.people.empathies(handle, page(before)))}
        />
      );
    case "followers":
      return <People instead={kept} fetch_page={(before) => client.people.followers(handle, page(before))} />;
    case "following":
      return <People instead={kept} fetch_page={(before) => client.people.following(handle, page(before))} />;
  }
}

interface PeopleProps {
  fetch_page: (before?: string) => Promise<Reply<PeoplePage>>;
  instead: (failure: Failure) => preact.VNode | null;
}

function People({ fetch_page, instead }: PeopleProps) {
  const t = useTexts();
  const pager = useMemo(() => new Pager<Author>(async (before) => people_page(await fetch_page(before))), []);
  const state = useStore(pager.state);
  useEffect(() => void pager.read(), []);
  if (state.status === "loading") return <Skeleton count={2} />;
  if (state.status === "failed") {
    return (state.failure === null ? null : instead(state.failure))
      ?? <Failed failure={state.failure} retry={() => void pager.retry()} />;
  }
  if (state.items.length === 0) return <Notice title={t.people.nobody} />;
  return (
    <>
      <ul class="card rows people-rows">
        {state.items.map((person) => (
          <li key={person.id}>
            <Face face={person.face} />
            <a class="grow" href={`/people/${person.handle}`}>
              <b dir="auto">{person.name}</b> <span class="faint small">@{person.handle}</span>
              {person.id === my_id() && <>{" "}<span class="badge">{t.nav.you}</span></>}
            </a>
          </li>
        ))}
      </ul>
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()} label={t.people.more}
      />
    </>
  );
}

function people_page(reply: Reply<PeoplePage>): Reply<ItemPage<Author>> {
  if (!reply.ok) return reply;
  return { ...reply, value: { items: reply.value.people, next: reply.value.next } };
}
