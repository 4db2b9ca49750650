using Fovea.Plotting.Canvas;

namespace Fovea.Lab.Reports;

/// <summary>The frame of a page that needs nothing but itself: no script, no request, light or dark as the reader's
/// system is.</summary>
/// <remarks>Elements are closed as XML asks, so that tests (and other programs) can read a report with an XML
/// reader.</remarks>
internal static class HtmlPage
{
    /// <summary>The policy makes browsers refuse any request, should one ever slip in.</summary>
    private const string Policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private const string Style =
        """
        * { box-sizing: border-box }
        body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem;
          background: var(--ground); color: var(--text);
          font: 16px/1.5 system-ui, sans-serif }
        h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--grid) }
        .lead { color: var(--muted); margin: 0 0 1.25rem; overflow-wrap: anywhere }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0 }
        .cards div { border: 1px solid var(--grid); border-radius: .5rem; padding: .6rem .8rem }
        .cards dt { color: var(--muted); font-size: .8125rem }
        .cards dd { margin: 0; font-size: 1.25rem; font-weight: 600; line-height: 1.4; white-space: nowrap }
        .cards small { display: block; color: var(--muted); font-size: .8125rem; font-weight: 400; line-height: 1.2 }
        .scroll { overflow: auto; max-height: 34rem; margin: 0 0 1rem;
          background: linear-gradient(to right, var(--ground) 1rem, transparent) left / 3rem 100% no-repeat local,
            linear-gradient(to left, var(--ground) 1rem, transparent) right / 3rem 100% no-repeat local,
            linear-gradient(to right, var(--axis), transparent) left / .6rem 100% no-repeat scroll,
            linear-gradient(to left, var(--axis), transparent) right / .6rem 100% no-repeat scroll }
        table { border-collapse: collapse; width: 100%; font-size: .9375rem }
        th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top;
          border-bottom: 1px solid var(--grid) }
        thead th { position: sticky; top: 0; background: var(--ground); color: var(--muted);
          font-weight: 500; white-space: nowrap }
        tbody th { font-weight: 400; color: var(--muted) }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
        .best { font-weight: 600 }
        .facts td { overflow-wrap: anywhere }
        .facts th { width: 12rem }
        a { color: var(--series1) }
        code, pre { font: .875rem/1.45 ui-monospace, monospace }
        pre { overflow: auto; padding: .75rem 1rem; border: 1px solid var(--grid); border-radius: .5rem; margin: 0 }
        .chart { margin: 0 0 1.5rem }
        .chart svg { display: block; width: calc(100% + 32px); height: auto; margin: 0 -16px }
        .whole { margin: 0 -16px }
        .whole svg { display: block; max-width: 100%; height: auto }
        .narrow { display: none }
        .bar { display: inline-block; width: 6rem; height: .6rem; margin-right: .6rem; border: 1px solid var(--axis) }
        .bar i { display: block; height: 100%; background: var(--series1) }
        .images { display: grid; gap: 1rem .9rem;
          grid-template-columns: repeat(auto-fill, minmax(min(6.5rem, 30%), 1fr)) }
        .images figure { margin: 0; position: relative; font-size: .875rem; line-height: 1.3; text-align: center }
        .images img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated;
          border: 1px solid var(--correct) }
        .images figcaption { padding-top: .3rem; overflow-wrap: anywhere }
        .images .wrong img { border: 4px solid var(--wrong) }
        .images .wrong b { color: var(--wrong) }
        .images b { font-weight: 400 }
        .images .wrong b { font-weight: 600 }
        .mark { position: absolute; top: -.5rem; right: -.5rem; width: 1.3rem; height: 1.3rem; border-radius: 50%;
          background: var(--correct); color: var(--ground); border: 2px solid var(--ground);
          font: 700 .75rem/1.05rem system-ui, sans-serif }
        .wrong .mark { background: var(--wrong) }
        @media screen and (max-width: 40rem) {
          .wide, .extra { display: none } .narrow { display: block }
          .facts th { width: 7.5rem } .cards dd { font-size: 1.1rem; white-space: normal }
          table { font-size: .8125rem } th, td { padding-right: .35rem }
          td:first-child { overflow-wrap: anywhere; min-width: 5.5rem } thead th, thead .number { white-space: normal }
          thead th { vertical-align: bottom; font-size: .75rem }
          pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .5rem }
        }
        @media print { body { max-width: none; padding: 0 } .scroll { max-height: none; overflow: visible;
          background: none }
          figure, tr, .chart, .whole, .cards div { break-inside: avoid } h2, .lead { break-after: avoid }
          .chart svg { width: 100%; margin: 0 } .whole { margin: 0 } .whole svg { max-height: 12cm }
          .mark { top: 0; right: 0 } pre { box-decoration-break: clone; -webkit-box-decoration-break: clone }
          thead th { position: static } pre { white-space: pre-wrap; overflow-wrap: anywhere }
          .bar, .bar i, .mark, .images img { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
        """;

    /// <summary>The whole document around <paramref name="body"/>, which is markup already.</summary>
    public static string Wrap(string title, string body) =>
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta http-equiv="Content-Security-Policy" content="{Policy}"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>{Markup.Escape(title)}</title>
        <style>
        :root {Colors(Theme.Light)}
        @media (prefers-color-scheme: dark) {"{"} :root {Colors(Theme.Dark)} {"}"}
        @media print {"{"} :root {Colors(Theme.Light)} {"}"}
        {Style}
        </style>
        </head>
        <body>
        {body}</body>
        </html>

        """;

    /// <summary>Inks of the figures, as the custom properties that inline figures refer to.</summary>
    private static string Colors(Theme theme)
    {
        IEnumerable<string> colors = Enum.GetValues<Ink>()
            .Select(ink => $"{Palette.Variable(ink)}: {Palette.Hex(theme, ink)}");
        return "{ " + string.Join("; ", colors) + " }";
    }
}
