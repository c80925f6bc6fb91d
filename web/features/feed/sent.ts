// Posts that were accepted and not yet seen to have taken effect. A refusal may come while nobody
// looks: text and drawing are kept until the stream shows the post, or its command's fate is known.
import type { Client, Code, CreatedPost, PostContent, Refusal } from "../../../sdk/ts/src/index";

export interface Sent {
  post: string;
  position: string;
  /** Where it was written: see desks.ts. */
  place: string;
  content: PostContent;
}

export interface RefusedPost {
  /** Empty where it was written elsewhere. */
  place: string;
  content: PostContent;
  code: Code;
  /** The server's own sentence, in English. */
  reason: string;
}

const storage_key = "matsuri-sent";
const kept_max = 10;

/** The list lives in the tab's own storage: it has to survive a reload, not the tab. */
export class SentPosts {
  private held: Refusal[] = [];

  constructor(private readonly store: Pick<Storage, "getItem" | "setItem"> | undefined) {}

  all(): Sent[] {
    try {
      const all = JSON.parse(this.store?.getItem(storage_key) ?? "[]") as Sent[];
      // An older page kept another shape.
      return all.filter((sent) => sent.content !== undefined);
    } catch {
      return [];
    }
  }

  /** Keeps the post, or gives its refusal where that has overtaken the answer. */
  add(post: CreatedPost, place: string, content: PostContent): RefusedPost | null {
    const early = this.held.find((one) => one.post === post.id);
    if (early !== undefined) {
      this.held = this.held.filter((one) => one !== early);
      return { place, content, code: early.code, reason: early.reason };
    }
    if (post.position === undefined) return null;
    const sent = { post: post.id, position: post.position, place, content };
    this.save([...this.all(), sent].slice(-kept_max));
    return null;
  }

  /** A refusal of a post that is not known here, while an answer is awaited that may make it so. */
  hold(refusal: Refusal): void {
    this.held.push(refusal);
  }

  /** The refusals that no answer has claimed: of posts written elsewhere. */
  release(): Refusal[] {
    return this.held.splice(0);
  }

  /** The stream showed the post. */
  seen(post: string): void {
    const all = this.all();
    if (all.some((sent) => sent.post === post)) this.save(all.filter((sent) => sent.post !== post));
  }

  /** What was in a refused post, if it was written here. */
  refused(refusal: Pick<Refusal, "post" | "code" | "reason">): RefusedPost | null {
    const sent = this.all().find((one) => one.post === refusal.post);
    if (sent === undefined) return null;
    this.seen(refusal.post);
    const { place, content } = sent;
    return { place, content, code: refusal.code, reason: refusal.reason };
  }

  /** Asks what became of the posts of before a reload; gives the refused ones. */
  async ask(client: Client): Promise<RefusedPost[]> {
    const refused: RefusedPost[] = [];
    for (const sent of this.all()) {
      const reply = await client.commands.get(sent.position);
      if (!reply.ok) {
        if (reply.failure.code === "not_found") this.seen(sent.post);
        continue;
      }
      if (reply.value.status === "pending") continue;
      if (reply.value.status === "refused") {
        const { code, reason } = reply.value;
        const { place, content } = sent;
        refused.push({ place, content, code: code ?? "invalid", reason: reason ?? "" });
      }
      this.seen(sent.post);
    }
    return refused;
  }

  private save(all: Sent[]): void {
    // Drawings may be larger than what the storage holds: the older ones give way.
    for (let from = 0; from <= all.length; ++from) {
      try {
        return this.store?.setItem(storage_key, JSON.stringify(all.slice(from)));
      } catch {
        // Full, or off: a refusal still comes over the stream, without what was written.
      }
    }
  }
}
