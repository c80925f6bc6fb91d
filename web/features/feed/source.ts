// What is live: a connection, and what it shows. Every stream also brings what happens to posts,
// wherever they are shown, and what concerns whoever reads.
import type { LiveStream, Post, Refusal, StreamHandlers } from "../../../sdk/ts/src/index";
import { change_post, drop_posts, take_back_refused, told } from "./lists";

export type Live = "connecting" | "live" | "lost";

export abstract class Source {
  /** Called with how many of the reader's notifications are unread. */
  on_unread: (count: number) => void = () => {};
  /** Called where the stream goes on after a loss: what has no place in it was missed. */
  on_resumed: () => void = () => {};
  /** Called for every refusal of one's own posts. */
  on_refused: (refusal: Refusal) => void = () => {};
  /** Called for every post that the stream shows. */
  on_post: (post: Post) => void = () => {};

  protected stream: LiveStream | null = null;

  /** Names it among the others: the id of a community, or `plaza`. */
  abstract readonly name: string;
  abstract start(): void;
  /** Who reads has changed, and with them what may be read. */
  abstract restart(): void;
  /** Takes an author's posts away until the next start, or gives them back at the next reading. */
  abstract hide_author(account: string, hide: boolean): void;
  /** The post, where it is shown here. */
  abstract known(post: string): Post | null;

  stop(): void {
    this.stream?.close();
    this.stream = null;
  }

  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    this.stream?.resume();
  }

  protected of_everybody(): StreamHandlers {
    return {
      post_changed: (post) => change_post(post.id, (known) => told(known, post)),
      post_deleted: ({ post }) => drop_posts((one) => one.id === post),
      notification: ({ unread_count }) => this.on_unread(unread_count),
      refused: (refusal) => {
        if (take_back_refused(refusal)) return;
        drop_posts((post) => post.id === refusal.post);
        this.on_refused(refusal);
      },
    };
  }
}
