/**
 * The part of simple-peer 9.11.1 that `webrtc-transport.ts` uses, for the path
 * of its browser build.
 *
 * Not `@types/simple-peer`: its interface is a Node stream, and with it the
 * types of Node would come into the program that is compiled for the browser.
 */
declare module "simple-peer/simplepeer.min.js" {
  interface Options {
    readonly initiator: boolean;
    readonly trickle: true;
    /** Ms from the first candidate until the description goes out as it is. */
    readonly objectMode: true;
    readonly channelConfig: RTCDataChannelInit;
    readonly wrtc: {
      readonly RTCPeerConnection: new (config: RTCConfiguration) => RTCPeerConnection;
      readonly RTCSessionDescription: typeof RTCSessionDescription;
      readonly RTCIceCandidate: typeof RTCIceCandidate;
    };
  }

  interface Signal {
    readonly type: string;
    readonly sdp?: string;
  }

  export default class SimplePeer {
    constructor(options: Options);
    readonly destroyed: boolean;
    /** Throws once destroyed; all that is wrong with `signal` comes as an "error". */
    signal(signal: Signal): void;
    /** Takes effect in a microtask. May be called twice. */
    destroy(): void;
    on(event: "signal", listener: (signal: Signal) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "close", listener: () => void): this;
  }
}
