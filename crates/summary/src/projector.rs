//! The files of TensorBoard's embedding projector, which are no events.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use everstep_event::{Image, Picture};

use crate::{file::explain, png};

/// Points of a space of many dimensions, with what is known of each.
///
/// Whatever is shorter or longer than the points is refused; what is empty is not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedding {
    /// Its name, and that of the folder of its files.
    pub name: String,
    /// How many numbers a point has.
    pub dimensions: usize,
    /// The points, one after the other.
    pub points: Vec<f32>,
    /// What the columns of the labels are called.
    pub columns: Vec<String>,
    /// The labels of each point, one for each column.
    pub labels: Vec<Vec<String>>,
    /// A picture of each point; all of one size.
    pub pictures: Vec<Image>,
}

/// Writes embeddings to a log directory, where TensorBoard's projector finds them, in place of those written before.
///
/// The files are `projector_config.pbtxt`, and for each embedding `projector/<name>/` with `tensors.tsv`,
/// `metadata.tsv` and `sprite.png`. The projector wants a run: an event file in the same folder.
///
/// # Errors
///
/// - `InvalidInput`: a name is empty or no name of a folder; points, labels or pictures do not fit each other.
/// - Why a file cannot be written.
pub fn write_projector(logdir: impl AsRef<Path>, embeddings: &[Embedding]) -> io::Result<()> {
    let logdir = logdir.as_ref();
    embeddings.iter().try_for_each(check)?;
    let mut config = String::new();
    for embedding in embeddings {
        let path = format!("projector/{}", embedding.name);
        let folder = logdir.join(&path);
        let failed = |error| explain(error, format_args!("cannot write an embedding to `{}`", folder.display()));
        write(&folder, embedding).map_err(failed)?;
        config += &entry(embedding, &path);
    }
    // The config comes last, as it names the other files.
    let path = logdir.join("projector_config.pbtxt");
    fs::write(&path, config).map_err(|error| explain(error, format_args!("cannot write `{}`", path.display())))
}

fn check(embedding: &Embedding) -> io::Result<()> {
    let Embedding { name, dimensions, points, columns, labels, pictures } = embedding;
    let refuse = |what: String| Err(io::Error::new(ErrorKind::InvalidInput, format!("embedding `{name}`: {what}")));
    let is_name = name.chars().all(|letter| letter.is_alphanumeric() || "-_ .".contains(letter));
    if name.trim_matches(['.', ' ']).is_empty() || !is_name {
        return refuse("the name must be letters, digits, `-`, `_`, blanks and dots".to_owned());
    }
    if *dimensions == 0 || !points.len().is_multiple_of(*dimensions) {
        return refuse(format!("{} numbers are no points of {dimensions} dimensions; give as many each", points.len()));
    }
    let count = points.len() / dimensions;
    if !columns.is_empty() && (labels.len() != count || labels.iter().any(|row| row.len() != columns.len())) {
        return refuse(format!("{count} points need as many rows of {} labels", columns.len()));
    }
    if columns.is_empty() && !labels.is_empty() {
        return refuse("labels need names of their columns".to_owned());
    }
    if !pictures.is_empty() && (pictures.len() != count || sprite(pictures).is_none()) {
        return refuse(format!("{count} points need as many pictures, of pixels, of one size and the same channels"));
    }
    Ok(())
}

fn write(folder: &Path, embedding: &Embedding) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let points = embedding.points.chunks(embedding.dimensions).map(|point| row(point.iter()));
    fs::write(folder.join("tensors.tsv"), points.collect::<String>())?;
    if !embedding.columns.is_empty() {
        // The head is left out of a single column, as the projector takes it for a label.
        let head = (embedding.columns.len() > 1).then(|| row(embedding.columns.iter().map(|cell| clean(cell))));
        let rows = embedding.labels.iter().map(|labels| row(labels.iter().map(|cell| clean(cell))));
        fs::write(folder.join("metadata.tsv"), head.into_iter().chain(rows).collect::<String>())?;
    }
    if let Some((width, height, pixels)) = sprite(&embedding.pictures) {
        let channels = embedding.pictures[0].channels();
        fs::write(folder.join("sprite.png"), png::encode(width, height, channels, &pixels))?;
    }
    Ok(())
}

fn row(cells: impl Iterator<Item: ToString>) -> String {
    cells.map(|cell| cell.to_string()).collect::<Vec<_>>().join("\t") + "\n"
}

fn clean(cell: &str) -> String {
    cell.replace(['\t', '\n', '\r'], " ")
}

/// The pictures side by side, as many rows as columns, without gaps; `None` if there are none or they differ.
fn sprite(pictures: &[Image]) -> Option<(u32, u32, Vec<u8>)> {
    let first = pictures.first()?;
    let size = |image: &Image| (image.width(), image.height(), image.channels());
    let columns = pictures.len().isqrt() + usize::from(pictures.len().isqrt().pow(2) < pictures.len());
    let (width, height) = (first.width() as usize, first.height() as usize);
    let row = width * first.channels() as usize;
    columns.checked_mul(width.max(height)).filter(|length| *length < 1 << 20)?;
    let mut pixels = vec![0; columns * row * columns * height];
    for (index, picture) in pictures.iter().enumerate() {
        let Picture::Pixels(bytes) = picture.picture() else { return None };
        if size(picture) != size(first) {
            return None;
        }
        for (line, bytes) in bytes.chunks_exact(row).enumerate() {
            let start = ((index / columns * height + line) * columns + index % columns) * row;
            pixels[start..start + row].copy_from_slice(bytes);
        }
    }
    Some(((columns * width) as u32, (columns * height) as u32, pixels))
}

fn entry(embedding: &Embedding, path: &str) -> String {
    let mut entry =
        format!("embeddings {{\n  tensor_name: \"{}\"\n  tensor_path: \"{path}/tensors.tsv\"\n", embedding.name);
    if !embedding.columns.is_empty() {
        entry += &format!("  metadata_path: \"{path}/metadata.tsv\"\n");
    }
    if let Some(picture) = embedding.pictures.first() {
        let (width, height) = (picture.width(), picture.height());
        entry += &format!("  sprite {{\n    image_path: \"{path}/sprite.png\"\n");
        entry += &format!("    single_image_dim: {width}\n    single_image_dim: {height}\n  }}\n");
    }
    entry + "}\n"
}
