//! Curves as a picture.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use plotters::prelude::*;

use crate::{
    Outcome,
    arguments::Arguments,
    curves::{Curve, by_tag, smoothed},
    history, runs_of,
};

/// The size of one chart.
const WIDTH: u32 = 900;
const HEIGHT: u32 = 420;

/// Of each tag, the curves of the runs that have it.
type Charts = BTreeMap<Arc<str>, Vec<(String, Curve)>>;

/// Draws a chart for each tag, the runs one over the other: faint as they are, and smoothed.
pub(crate) fn plot(arguments: &Arguments) -> Outcome {
    let charts = chosen(charts(arguments)?, &arguments.tags)?;
    let path = arguments.out.clone().unwrap_or_else(|| "curves.svg".into());
    draw(&charts, &path, arguments.smooth)?;
    println!("{}: {}", path.display(), charts.keys().map(|tag| &**tag).collect::<Vec<_>>().join(", "));
    Ok(())
}

fn charts(arguments: &Arguments) -> Outcome<Charts> {
    let mut charts = Charts::new();
    if arguments.places.is_empty() {
        return Err("name a log directory or several".into());
    }
    for place in &arguments.places {
        for run in runs_of(place)? {
            let name = if arguments.places.len() > 1 { run.path.display().to_string() } else { run.name.clone() };
            for (tag, curve) in by_tag(history(&run)?.events()) {
                charts.entry(tag).or_default().push((name.clone(), curve));
            }
        }
    }
    Ok(charts)
}

/// The charts of these tags; if none is named that of the loss, or all.
fn chosen(mut charts: Charts, tags: &[String]) -> Outcome<Charts> {
    let known = charts.keys().map(|tag| &**tag).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = tags.iter().find(|tag| !charts.contains_key(tag.as_str())) {
        return Err(format!("no run has a curve `{unknown}`; there are {known}").into());
    }
    if charts.is_empty() {
        return Err("no run has a curve: there is nothing to draw".into());
    }
    let loss = charts.contains_key("loss");
    charts.retain(|tag, _| match tags {
        [] => !loss || &**tag == "loss",
        tags => tags.iter().any(|wanted| **wanted == **tag),
    });
    Ok(charts)
}

fn draw(charts: &Charts, path: &Path, smooth: f64) -> Outcome {
    let area = SVGBackend::new(path, (WIDTH, HEIGHT * charts.len() as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| format!("cannot draw `{}`: {error}", path.display()))?;
    for (part, (tag, curves)) in area.split_evenly((charts.len(), 1)).iter().zip(charts) {
        chart(part, tag, curves, smooth).map_err(|error| format!("cannot draw `{tag}`: {error}"))?;
    }
    area.present().map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    tag: &str,
    curves: &[(String, Curve)],
    smooth: f64,
) -> Outcome {
    let points = || curves.iter().flat_map(|(_, curve)| curve).filter(|(_, value)| value.is_finite());
    let (first, last) = ends(points().map(|(step, _)| *step as f64));
    let (low, high) = ends(points().map(|(_, value)| *value));
    let margin = (high - low) * 0.05;
    let mut chart = ChartBuilder::on(area)
        .caption(tag, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(first..last, low - margin..high + margin)?;
    chart
        .configure_mesh()
        .x_desc("step")
        .x_label_formatter(&f64::to_string)
        .light_line_style(WHITE.mix(0.0))
        .bold_line_style(BLACK.mix(0.1))
        .draw()?;
    for (index, (name, curve)) in curves.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart.draw_series(LineSeries::new(finite(curve), color.mix(0.25).stroke_width(1)))?;
        chart
            .draw_series(LineSeries::new(finite(&smoothed(curve, smooth)), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).draw()?;
    Ok(())
}

/// The points of a line; one that is not finite leaves no gap.
fn finite(curve: &[(u64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    curve.iter().filter(|(_, value)| value.is_finite()).map(|(step, value)| (*step as f64, *value))
}

/// The least and the greatest, apart from each other.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    match (low, high) {
        (low, high) if low < high => (low, high),
        (low, _) if low.is_finite() => (low - 0.5, low + 0.5),
        _ => (0.0, 1.0),
    }
}
