/**
 * The long links that make the ring fast: flexible fingers.
 *
 * For each octave of distance any node in it will do (Chord's proof needs no
 * more), so a link that others opened counts, a node that is known already
 * costs one dial, and only for an octave without any the ring is asked.
 */
import type { Env } from "../env/env.ts";
import type { Id } from "../id/id.ts";
import { plus } from "../id/interval.ts";
import type { Links } from "../link/links.ts";
import { encodeSystem } from "../wire/codec.ts";
import type { Dialer } from "./dialer.ts";
import type { ChordParams } from "./params.ts";
import type { Known, RingView } from "./ring-view.ts";
import type { Router } from "./router.ts";
import type { Stabilizer } from "./stabilizer.ts";
import { type Usefulness, octaveOf } from "./usefulness.ts";

/** Long links dialled in one round. A guess: 8 of them are open after 8 s. */
const PER_ROUND = 1;
/** Between two questions for a node in an empty octave, in ms. A guess. */
const FIND_AGAIN_MS = 3_000;
const FIND_TIMEOUT_MS = 5_000;

export class Fingers {
  readonly #env: Env;
  readonly #params: ChordParams;
  readonly #view: RingView;
  readonly #links: Links;
  readonly #dialer: Dialer;
  readonly #router: Router;
  readonly #stabilizer: Stabilizer;
  readonly #usefulness: Usefulness;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    env: Env,
    params: ChordParams,
    view: RingView,
    links: Links,
    dialer: Dialer,
    router: Router,
    stabilizer: Stabilizer,
    usefulness: Usefulness,
  ) {
    this.#env = env;
    this.#params = params;
    this.#view = view;
    this.#links = links;
    this.#dialer = dialer;
    this.#router = router;
    this.#stabilizer = stabilizer;
    this.#usefulness = usefulness;
  }

  /**
   * Opens long links while there are fewer than the budget by choice: in the
   * emptiest octave first. To be called once a round, and never in a hurry: when
   * many tabs open at once, neighbours are what they need first.
   */
  fixFingers(): void {
    const room = this.#params.chosenLinks - this.#links.count - this.#dialer.count;
    for (let i = 0; i < Math.min(room, PER_ROUND) && this.#dialer.canDial; i++) {
      if (!this.#fixOne()) return;
    }
  }

  #fixOne(): boolean {
    const octave = this.#emptiestOctave();
    if (octave === null) return false;
    const candidates = this.#candidates(({ at }) => octaveOf(this.#view.place, at) === octave);
    const chosen = this.#pick(candidates);
    if (chosen) return this.#stabilizer.tryDial(chosen);
    this.#askFor(octave);
    const any = this.#pick(this.#candidates(() => true));
    return any !== null && this.#stabilizer.tryDial(any);
  }

  /** Octaves from half the ring down to the neighbours' reach; null in a ring where everybody is linked. */
  #emptiestOctave(): number | null {
    const size = this.#view.estimatedSize();
    if (size <= this.#links.count + 1) return null;
    const neighbours = this.#usefulness.wantedNeighbours();
    const byOctave = this.#usefulness.longLinksByOctave(neighbours);
    const nearest = Math.min(0, Math.ceil(Math.log2(this.#params.linkedNeighbours / size)) + 2);
    let emptiest = 0;
    for (let octave = 0; octave >= nearest; octave--) {
      const links = byOctave.get(octave)?.length ?? 0;
      if (links < (byOctave.get(emptiest)?.length ?? 0)) emptiest = octave;
    }
    return emptiest;
  }

  #candidates(fits: (known: Known) => boolean): Id[] {
    return this.#view.known
      .filter((known) => known.link === null && fits(known) && this.#stabilizer.mayDial(known.id))
      .map(({ id }) => id);
  }

  #pick(ids: readonly Id[]): Id | null {
    return ids[Math.floor(this.#env.random.next() * ids.length)] ?? null;
  }

  /** Asks the ring who is at a random place in the octave, on either side, and dials that node. */
  #askFor(octave: number): void {
    const now = this.#env.clock.now();
    if (now - this.#askedAtMs < FIND_AGAIN_MS) return;
    this.#askedAtMs = now;
    const fraction = 2 ** (octave - 2) * (1 + this.#env.random.next());
    const distance = BigInt(Math.floor(fraction * 2 ** 52)) << 108n;
    const key = plus(this.#view.self, this.#env.random.next() < 0.5 ? distance : -distance);
    const options = { exact: false, timeoutMs: FIND_TIMEOUT_MS };
    this.#router.routeSystem(key, encodeSystem("find", {}), options, ({ receipt }) => {
      if (receipt.kind !== "delivered") return;
      const root = receipt.root as Id;
      if (root !== this.#view.self && !this.#links.get(root)) this.#stabilizer.tryDial(root);
    });
  }
}
