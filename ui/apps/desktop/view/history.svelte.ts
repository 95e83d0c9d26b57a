// The last values of a gauge while a screen looks: the daemon tells the present only.

const KEPT = 60;

export class History {
  values = $state.raw<number[]>([]);

  add(value: number): void {
    this.values = [...this.values.slice(1 - KEPT), value];
  }
}
