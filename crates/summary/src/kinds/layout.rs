//! The layout of the page of custom scalars.

use everstep_event::{Band, Category, Chart, Curves, Layout};
use everstep_proto::{
    Message,
    layout::{self, ChartContent, MarginChartContent, MultilineChartContent, Series},
    summary::{DataClass, Value},
    tensor::TensorProto,
};

pub(crate) const PLUGIN: &str = "custom_scalars";

/// The tag that the plugin looks for.
const TAG: &str = "custom_scalars__config__";

pub(crate) fn value(layout: &Layout) -> Value {
    let proto = layout::Layout { version: 0, category: layout.categories.iter().map(category).collect() };
    super::value(TAG, PLUGIN, Vec::new(), DataClass::Tensor, super::string(proto.encode_to_vec()))
}

fn category(category: &Category) -> layout::Category {
    let Category { title, closed, charts } = category;
    layout::Category { title: title.clone(), chart: charts.iter().map(chart).collect(), closed: *closed }
}

fn chart(chart: &Chart) -> layout::Chart {
    let content = match &chart.curves {
        Curves::Lines(tags) => Some(ChartContent::Multiline(MultilineChartContent { tag: tags.clone() })),
        Curves::Bands(bands) => {
            Some(ChartContent::Margin(MarginChartContent { series: bands.iter().cloned().map(series).collect() }))
        }
        _ => None,
    };
    layout::Chart { title: chart.title.clone(), content }
}

fn series(Band { value, lower, upper }: Band) -> Series {
    Series { value, lower, upper }
}

pub(crate) fn read(tensor: &TensorProto) -> Option<Layout> {
    let [bytes] = &*tensor.string_val else { return None };
    let proto = layout::Layout::decode(&**bytes).ok()?;
    Some(Layout { categories: proto.category.into_iter().map(read_category).collect() })
}

fn read_category(category: layout::Category) -> Category {
    let layout::Category { title, chart, closed } = category;
    Category { title, closed, charts: chart.into_iter().map(read_chart).collect() }
}

/// A chart; one without curves is one of no lines.
fn read_chart(chart: layout::Chart) -> Chart {
    let band = |Series { value, lower, upper }| Band { value, lower, upper };
    let curves = match chart.content {
        Some(ChartContent::Multiline(lines)) => Curves::Lines(lines.tag),
        Some(ChartContent::Margin(bands)) => Curves::Bands(bands.series.into_iter().map(band).collect()),
        None => Curves::Lines(Vec::new()),
    };
    Chart { title: chart.title, curves }
}
