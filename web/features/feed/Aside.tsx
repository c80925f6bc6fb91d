// What stands beside posts: the way in for those who are not, and who wrote lately.
import type { Author, Post } from "../../../sdk/ts/src/index";
import { then_to } from "../../app/router";
import { useTexts } from "../../lib/i18n";
import { Face } from "../../ui/Face";

const lately_count = 10;

export function Invite() {
  const t = useTexts();
  return (
    <section class="card invite" aria-labelledby="invite">
      <h2 id="invite" class="h-card">{t.feed.invite_title}</h2>
      <p class="quiet">{t.feed.invite}</p>
      <div class="row wrap">
        <a class="btn btn-main" href={then_to("/signup", location.pathname)}>{t.nav.sign_up}</a>
        <a class="btn" href={then_to("/login", location.pathname)}>{t.nav.log_in}</a>
      </div>
    </section>
  );
}

export function Lately({ posts }: { posts: readonly Post[] }) {
  const t = useTexts();
  const authors = new Map<string, Author>();
  for (const { author } of posts) {
    if (authors.size < lately_count) authors.set(author.id, author);
  }
  if (authors.size === 0) return null;
  return (
    <section class="card hide-p" aria-labelledby="lately">
      <h2 id="lately" class="h-card">{t.feed.lately}</h2>
      <ul class="people">
        {[...authors.values()].map((author) => (
          <li key={author.id} title={author.name} dir="auto">
            <a href={`/people/${author.handle}`}>
              <Face face={author.face} />
              <span class="vh">{author.name}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
