/** Every number of the ring, with its unit and its source. A guess says so. */
export interface ChordParams {
  /** Nodes known on each side. Chord asks for Ω(log N): 8 lose all with half the nodes at 2^-8 per node (SIGCOMM 2001, theorem 7). */
  readonly listLength: number;
  /** Nearest nodes on each side that are linked; the rest of the list is only known. 4 is a guess: 2^-8 that both sides go at once when half fail. */
  readonly linkedNeighbours: number;
  /** Links by choice. The design says about 16: neighbours on both sides, then long links. */
  readonly chosenLinks: number;
  /** Links at the very most. The design says 32. */
  readonly mostLinks: number;
  /** Dials at once. The design says 4. */
  readonly mostDials: number;
  /** Offers answered at once: twice the dials, a guess. */
  readonly mostAnswers: number;
  /** Dials and answers in a burst, and per second after that: a page may construct 500 connections before they are collected. Guesses. */
  readonly connectBurst: number;
  readonly connectsPerSecond: number;
  /** A dial, from the offer to the open link, in ms. A guess. */
  readonly dialMs: number;
  /** Handshake on an open channel, in ms. A guess. */
  readonly handshakeMs: number;
  /** Mean time between two rounds of maintenance, in ms: a hidden tab's timers run at most once a second. */
  readonly roundMs: number;
  /** Each wait is moved by up to this share, so that nodes do not beat in step. A guess. */
  readonly jitter: number;
  /** Silence after which a neighbour, or another link, is pinged, in ms. Guesses. */
  readonly quietNeighbourMs: number;
  readonly quietLongMs: number;
  /** Time without any answer after which a link is dead, in ms: three pings. A guess. */
  readonly deadMs: number;
  /** A round that comes later than this found this tab frozen, not its peers, in ms. A guess: more than a throttled timer's 1 s. */
  readonly stallMs: number;
  /** How long a node that went is not believed in again, in ms: left with a goodbye, or fell silent. Guesses; a failed dial doubles the second up to the first. */
  readonly goneMs: number;
  readonly silentMs: number;
  /** What neighbours must know is told after this, in ms; everything else once in so many rounds: to neighbours, and to everybody. Guesses. */
  readonly tellMs: number;
  readonly tellNearRounds: number;
  readonly tellAllRounds: number;
  /** Old nodes let a newcomer dial first, in ms. A guess: a dial takes less. */
  readonly courtesyMs: number;
  /** The further neighbours are dialled after this, in ms: when many tabs open at once, nearer ones are still to come. A guess: a room full of tabs has joined by then. */
  readonly spareMs: number;
  /** A hop holds a message for at most this, in ms; then it says unreachable. A guess: a neighbour's death is known by then. */
  readonly holdMs: number;
  /** The source sends again after this much silence, in ms, then twice that, and at most so often. Guesses. */
  readonly resendMs: number;
  readonly mostResends: number;
  /** Messages that may wait for an acknowledgement, over all links. A guess: 1 s of the fastest measured link. */
  readonly mostPending: number;
  /** Of these, over one link: one that never acknowledges takes nothing from the others. A guess. */
  readonly mostPendingOfLink: number;
  /** Message ids remembered, for duplicates and for the way back, in each of two generations. A guess. */
  readonly mostSeen: number;
  /** Age of a generation, in ms: longer than any message lives. */
  readonly seenMs: number;
}

export const DEFAULT_PARAMS: ChordParams = {
  listLength: 8,
  linkedNeighbours: 4,
  chosenLinks: 16,
  mostLinks: 32,
  mostDials: 4,
  mostAnswers: 8,
  connectBurst: 60,
  connectsPerSecond: 2,
  dialMs: 12_000,
  handshakeMs: 5_000,
  roundMs: 1_000,
  jitter: 0.2,
  quietNeighbourMs: 1_500,
  quietLongMs: 6_000,
  deadMs: 2_500,
  stallMs: 3_500,
  goneMs: 30_000,
  silentMs: 5_000,
  tellMs: 100,
  tellNearRounds: 4,
  tellAllRounds: 8,
  courtesyMs: 500,
  spareMs: 3_000,
  holdMs: 9_000,
  resendMs: 4_000,
  mostResends: 2,
  mostPending: 16_384,
  mostPendingOfLink: 2_048,
  mostSeen: 16_384,
  seenMs: 30_000,
};
