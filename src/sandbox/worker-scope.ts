/** What our workers use of their global object. The program of src/sandbox is compiled for windows, which call it otherwise. */
export interface WorkerScope {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<unknown>) => void): void;
  addEventListener(type: "securitypolicyviolation", listener: () => void): void;
}

export const workerScope = globalThis as unknown as WorkerScope;
