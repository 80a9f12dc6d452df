/** Adds up the pieces of a round that count. */
export class Stopwatch {
  ms = 0;
  cpuMs = 0;

  time(piece: () => void): void {
    const cpu = process.cpuUsage();
    const began = performance.now();
    piece();
    this.ms += performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    this.cpuMs += (user + system) / 1_000;
  }
}
