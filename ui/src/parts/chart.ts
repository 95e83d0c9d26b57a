// How a chart is drawn by uPlot: our colours, our type, no more ink than needed.
import type uPlot from 'uplot';

export interface Series {
  label: string;
  values: (number | null)[];
  tone: 'accent' | 'info' | 'neutral';
  bars?: boolean;
}

export interface Drawing {
  width: number;
  height: number;
  series: Series[];
  locale: string;
  /** A value with its unit. */
  format: (value: number) => string;
  onpoint: (index: number | null) => void;
}

const COLOUR = { accent: '--accent', info: '--info', neutral: '--line-strong' } as const;
const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function line(Plot: typeof uPlot, one: Series): uPlot.Series {
  const colour = token(COLOUR[one.tone]);
  const paths = one.bars ? Plot.paths.bars?.({ size: [0.62, 28], radius: 0.2 }) : undefined;
  const width = one.bars ? 0 : 1.5;
  const fill = one.bars ? colour : `${colour}1f`;
  return { label: one.label, stroke: colour, width, fill, points: { show: false }, ...(paths ? { paths } : {}) };
}

/** uPlot's options. */
export function options(Plot: typeof uPlot, drawing: Drawing): uPlot.Options {
  const { width, height, series, format } = drawing;
  const axis: uPlot.Axis = { stroke: token('--muted'), font: `12px ${token('--font')}`, ticks: { show: false } };
  const day = new Intl.DateTimeFormat(drawing.locale, { month: 'short', day: 'numeric' });
  // Bars need room for half of one at both ends.
  const spare = (min: number, max: number) => (series[0]?.bars ? Math.max(1, (max - min) / 40) : 0);
  return {
    width,
    height,
    ms: 1,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false }, points: { size: 7 } },
    axes: [
      {
        ...axis,
        size: 26,
        grid: { show: false },
        space: 70,
        values: (_, ticks) => ticks.map((tick) => day.format(tick)),
      },
      { ...axis, size: 64, space: 34, grid: { stroke: token('--line'), width: 1 }, values: (_, t) => t.map(format) },
    ],
    scales: {
      x: { range: (_, min, max) => [min - spare(min, max), max + spare(min, max)] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    series: [{}, ...series.map((one) => line(Plot, one))],
    hooks: { setCursor: [(plot) => drawing.onpoint(plot.cursor.idx ?? null)] },
  };
}
