//! What the training shows of its model beside the declared summaries: by a hook that runs the model on unseen digits.

use std::{f32::consts::TAU, fs, path::Path, sync::Arc};

use everstep::{
    data::Batch,
    event::{Audio, Band, Category, Channels, Chart, Curves, Histogram, Image, Layout, Mesh, What, table},
    graph::{Input, Output},
    hook::Trigger,
    prelude::*,
    session::{Outcome, Request},
};

use crate::model::Model;

pub(crate) struct Exhibits {
    test: Batch,
    request: Request<Output, Input>,
    trigger: Trigger,
    events: Arc<dyn EventSink>,
}

impl Exhibits {
    pub(crate) fn new(model: &Model, test: Batch, events: Arc<dyn EventSink>) -> Result<Self> {
        let fetches = vec![model.probabilities, model.accuracy, model.hidden];
        let feeds = test.clone().feeds([model.images, model.labels])?;
        let request = Request { feeds, ..Request::read(fetches) };
        Ok(Self { test, request, trigger: Trigger::new(Every::steps(50)), events })
    }

    fn show(&self, step: u64, values: &[Tensor]) -> Result<()> {
        let [probabilities, accuracy, hidden] = values else { return Ok(()) };
        let probabilities: &[f32] = probabilities.as_slice()?;
        let (labels, pixels) = (self.test.column("labels")?.as_slice::<i64>()?, self.test.column("x")?);
        let predicted: Vec<usize> = probabilities.chunks_exact(10).map(surest).collect();
        let mut contents = band(accuracy.to_f64()?, labels.len());
        contents.push(What::images("unseen/mistaken", mistaken(pixels.as_slice()?, labels, &predicted)?));
        contents.push(What::text("unseen/confusion", confusion(labels, &predicted)));
        contents.push(What::mesh("unseen/classes", wheel(probabilities, labels)?));
        contents.push(What::mesh("unseen/a_digit", surface(&pixels.as_slice::<f32>()?[..64])?));
        contents.push(What::audio("unseen/accuracy", [chord(probabilities.chunks_exact(10).take(8))?]));
        contents
            .push(What::histogram("unseen/hidden", Histogram::adaptive(hidden.as_slice::<f32>()?.iter().copied(), 40)));
        contents.extend(not_finite(step));
        contents.into_iter().try_for_each(|what| self.events.emit(Event::now(step, what)).map_err(Error::from))
    }
}

impl<S: Session<Fetch = Output, Input = Input>> Hook<S> for Exhibits {
    fn name(&self) -> &str {
        "exhibits"
    }

    fn after_create_session(&mut self, session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        let layout = What::Layout(Arc::new(layout()));
        self.events.emit(Event::now(session.global_step() + 1, layout)).map_err(Error::from)
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let step = run.global_step();
        if !self.trigger.is_due(step) {
            return Ok(());
        }
        self.trigger.done(step);
        let mut outcome = Outcome::default();
        run.session().run(&self.request, &mut outcome)?;
        self.show(step, &outcome.values)
    }
}

fn surest(row: &[f32]) -> usize {
    row.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1)).map_or(0, |(class, _)| class)
}

/// The accuracy, and one standard error below and above it.
fn band(accuracy: f64, count: usize) -> Vec<What> {
    let error = (accuracy * (1.0 - accuracy) / count as f64).sqrt();
    let ends = [("", 0.0), ("/lower", -error), ("/upper", error)];
    ends.map(|(end, error)| What::scalar(format!("accuracy/test{end}"), accuracy + error)).into()
}

/// Which curves are drawn together.
fn layout() -> Layout {
    let end = |end: &str| format!("accuracy/test{end}");
    let band = Band { value: end(""), lower: end("/lower"), upper: end("/upper") };
    let chart = |title: &str, curves| Chart { title: title.to_owned(), curves };
    let learning = vec![
        chart(
            "accuracy, seen and unseen",
            Curves::Lines(vec!["accuracy/train".to_owned(), "accuracy/test$".to_owned()]),
        ),
        chart("accuracy on unseen digits, one standard error", Curves::Bands(vec![band])),
    ];
    let gradients = vec![chart("norms", Curves::Lines(vec![".*gradient_norm".to_owned()]))];
    Layout {
        categories: vec![
            Category { title: "learning".to_owned(), closed: false, charts: learning },
            Category { title: "gradients".to_owned(), closed: true, charts: gradients },
        ],
    }
}

/// The first sixteen digits that were taken for others, as one grid and one by one.
fn mistaken(pixels: &[f32], labels: &[i64], predicted: &[usize]) -> Result<Vec<Image>> {
    let wrong = (0..labels.len()).filter(|row| labels[*row] != predicted[*row] as i64).take(16);
    let digits = wrong.map(|row| digit(&pixels[row * 64..(row + 1) * 64])).collect::<Result<Vec<_>>>()?;
    let grid = if digits.is_empty() { digit(&[0.0; 64])? } else { Image::grid(&digits, 4)? };
    Ok(vec![grid, colourful(&pixels[..64])?])
}

fn digit(pixels: &[f32]) -> Result<Image> {
    Ok(Image::from_f32(8, 8, Channels::Grey, pixels)?)
}

/// Red where it is bright and blue where it is dark, the dark half transparent.
fn colourful(pixels: &[f32]) -> Result<Image> {
    let pixel = |pixel: &f32| {
        let byte = (pixel * 255.0) as u8;
        [byte, 64, 255 - byte, byte.max(127)]
    };
    Ok(Image::new(8, 8, Channels::Rgba, pixels.iter().flat_map(pixel).collect::<Vec<u8>>())?)
}

/// Which digits were taken for which.
fn confusion(labels: &[i64], predicted: &[usize]) -> String {
    let mut counts = [[0_u32; 10]; 10];
    labels.iter().zip(predicted).for_each(|(label, predicted)| counts[*label as usize][*predicted] += 1);
    let head = ["digit", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let bold = |digit: usize| format!("**{digit}**");
    table(
        &head,
        counts
            .iter()
            .enumerate()
            .map(|(digit, row)| std::iter::once(bold(digit)).chain(row.iter().map(u32::to_string))),
    )
}

/// Each digit as a point: between ten corners of a wheel by its probabilities, and the higher the surer it is.
fn wheel(probabilities: &[f32], labels: &[i64]) -> Result<Mesh> {
    let point = |row: &[f32]| {
        let angle = |class: usize| TAU * class as f32 / 10.0;
        let along = |part: fn(f32) -> f32| row.iter().enumerate().map(|(class, p)| p * part(angle(class))).sum::<f32>();
        [along(f32::cos), along(f32::sin), row[surest(row)]]
    };
    let colour = |label: &i64| {
        let hue = TAU * *label as f32 / 10.0;
        [0.0, TAU / 3.0, TAU * 2.0 / 3.0].map(|shift: f32| ((hue + shift).cos() * 127.0 + 128.0) as u8)
    };
    let points: Vec<_> = probabilities.chunks_exact(10).map(point).collect();
    Ok(Mesh::points(points).with_colors(labels.iter().map(colour).collect::<Vec<_>>())?)
}

/// A digit as a landscape of two triangles a square.
fn surface(pixels: &[f32]) -> Result<Mesh> {
    let vertex = |index: usize| [(index % 8) as f32 / 8.0, (index / 8) as f32 / -8.0, pixels[index] / 2.0];
    let corners = (0..7).flat_map(|row| (0..7).map(move |column| row * 8 + column));
    let faces = corners.flat_map(|at: u32| [[at, at + 8, at + 1], [at + 1, at + 8, at + 9]]);
    let colours: Vec<_> = pixels.iter().map(|p| [(p * 255.0) as u8, 96, 160]).collect();
    let mesh = Mesh::points((0..64).map(vertex).collect::<Vec<_>>());
    Ok(mesh.with_faces(faces.collect::<Vec<_>>())?.with_colors(colours)?)
}

/// A beep of a tenth of a second for each row, the higher the surer, left and right in turn.
fn chord<'r>(rows: impl Iterator<Item = &'r [f32]>) -> Result<Audio> {
    const RATE: u32 = 8000;
    let beep = |(index, row): (usize, &[f32])| {
        let pitch = 220.0 + 660.0 * row[surest(row)];
        (0..RATE / 10).flat_map(move |moment| {
            let sample = (TAU * pitch * moment as f32 / RATE as f32).sin() * 0.5;
            if index % 2 == 0 { [sample, 0.0] } else { [0.0, sample] }
        })
    };
    Ok(Audio::new(RATE, 2, rows.enumerate().flat_map(beep).collect::<Vec<f32>>())?)
}

/// Numbers that are not finite are kept and counted.
fn not_finite(step: u64) -> [What; 2] {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][(step / 50 % 3) as usize];
    let values = [0.5, -0.5, odd, odd, step as f64];
    [What::scalar("not_finite/scalar", odd), What::histogram("not_finite/histogram", Histogram::of(values))]
}

/// The files of the projector: each unseen digit as a row of its pixels, and what it is.
pub(crate) fn projector(folder: &Path, test: &Dataset) -> Result<()> {
    let (pixels, labels) = (test.all().column("x")?, test.all().column("labels")?);
    let row = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join("\t") + "\n";
    fs::write(folder.join("digits.tsv"), pixels.as_slice::<f32>()?.chunks_exact(64).map(row).collect::<String>())?;
    fs::write(
        folder.join("labels.tsv"),
        labels.as_slice::<i64>()?.iter().map(|l| format!("{l}\n")).collect::<String>(),
    )?;
    let config = "embeddings { tensor_name: \"digits\" tensor_path: \"digits.tsv\" metadata_path: \"labels.tsv\" }\n";
    Ok(fs::write(folder.join("projector_config.pbtxt"), config)?)
}
