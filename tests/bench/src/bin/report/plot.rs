use std::fmt::Write as _;

use crate::{
    Results,
    case::CASES,
    load::Load,
    process::{LIBRARIES, Library},
    table::server_ratio,
};

const ROW: usize = 26;
const TOP: usize = 64;
const LABELS: usize = 190;
const PANEL: usize = 250;
/// Pixels of a bar that is as long as tonic's.
const ONE: f64 = 130.0;

/// Per case one bar in each panel: rsgrpc's cost in the server, with tonic's as the line at 1.
pub(crate) fn svg(results: &Results) -> String {
    let panels: [(&str, Vec<Option<f64>>); 4] = [
        ("instructions", ratios(|index| cost_ratio(results, index, |cost| cost.instructions))),
        ("allocations", ratios(|index| cost_ratio(results, index, |cost| cost.allocations))),
        ("CPU time, h2load", ratios(|index| server_ratio(results, index, Load::H2load))),
        ("CPU time, own client", ratios(|index| server_ratio(results, index, Load::Client(Library::Rsgrpc)))),
    ];
    let width = LABELS + PANEL * panels.len();
    let height = TOP + ROW * CASES.len() + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\">Server cost per call or message, rsgrpc to tonic (shorter is better; \
         the line is tonic)</text>\n"
    );
    for (row, case) in CASES.iter().enumerate() {
        line(&mut svg, &format!("<text x=\"10\" y=\"{}\">{}</text>", TOP + ROW * row + 16, case.name));
    }
    for (column, (title, ratios)) in panels.iter().enumerate() {
        panel(&mut svg, LABELS + PANEL * column, title, ratios);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, left: usize, title: &str, ratios: &[Option<f64>]) {
    line(svg, &format!("<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{title}</text>", TOP - 10));
    for (row, ratio) in ratios.iter().enumerate() {
        let top = TOP + ROW * row + 4;
        let Some(ratio) = ratio else { continue };
        let colour = if *ratio <= 1.0 { "#2a7f62" } else { "#b5483a" };
        let length = (ratio * ONE).min(PANEL as f64 - 50.0);
        line(svg, &format!("<rect x=\"{left}\" y=\"{top}\" width=\"{length:.0}\" height=\"16\" fill=\"{colour}\"/>"));
        let end = left as f64 + length.max(ONE) + 6.0;
        line(svg, &format!("<text x=\"{end:.0}\" y=\"{}\">{ratio:.2}</text>", top + 12));
    }
    let (one, bottom) = (left as f64 + ONE, TOP + ROW * CASES.len());
    line(svg, &format!("<line x1=\"{one:.0}\" x2=\"{one:.0}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"black\"/>"));
}

fn line(svg: &mut String, element: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(svg, "{element}");
}

fn ratios(ratio: impl Fn(usize) -> Option<f64>) -> Vec<Option<f64>> {
    (0..CASES.len()).map(ratio).collect()
}

fn cost_ratio(results: &Results, index: usize, part: impl Fn(&crate::callgrind::Cost) -> f64) -> Option<f64> {
    let [ours, theirs] = LIBRARIES.map(|library| results.server.get(&(index, library)).map(&part));
    ours.zip(theirs).filter(|(_, theirs)| *theirs > 0.01).map(|(ours, theirs)| ours / theirs)
}
