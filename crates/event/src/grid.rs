//! Several pictures as one.

use std::io::{self, ErrorKind};

use crate::{Channels, Image, Picture};

/// How many pixels lie between two pictures.
const GAP: usize = 2;

/// Pictures side by side in rows of so many; described where it is public.
pub(crate) fn grid(images: &[Image], columns: u32) -> io::Result<Image> {
    let first = images.first().filter(|_| columns > 0).ok_or_else(|| invalid("a grid needs an image and a column"))?;
    let pixels = images.iter().map(|image| same(image, first)).collect::<io::Result<Vec<_>>>()?;
    let columns = images.len().min(columns as usize);
    let rows = images.len().div_ceil(columns);
    let (width, height, channels) = (first.width() as usize, first.height() as usize, first.channels());
    let too_large = || invalid("the grid has too many pixels; take fewer images");
    let whole_width = whole(columns, width).ok_or_else(too_large)?;
    let whole_height = whole(rows, height).ok_or_else(too_large)?;
    let row_bytes = whole_width as usize * channels as usize;
    let mut bytes = black(channels).repeat(whole_width as usize * whole_height as usize);
    for (index, pixels) in pixels.into_iter().enumerate() {
        let left = index % columns * (width + GAP) * channels as usize;
        let top = index / columns * (height + GAP);
        for (row, line) in pixels.chunks_exact(width * channels as usize).enumerate() {
            let start = (top + row) * row_bytes + left;
            bytes[start..start + line.len()].copy_from_slice(line);
        }
    }
    Image::new(whole_width, whole_height, channels, bytes)
}

/// The pixels of an image that is like the first.
fn same<'a>(image: &'a Image, first: &Image) -> io::Result<&'a [u8]> {
    let size = |image: &Image| (image.width(), image.height(), image.channels());
    match image.picture() {
        Picture::Pixels(pixels) if size(image) == size(first) => Ok(pixels),
        Picture::Pixels(_) => Err(invalid("the images of a grid must have one size and the same channels")),
        Picture::File(_) => Err(invalid("an image of a grid is a file; give its pixels")),
    }
}

/// The length of so many pictures with gaps between; `None` where the product of two such lengths may not fit.
fn whole(count: usize, length: usize) -> Option<u32> {
    let length = count.checked_mul(length + GAP)? - GAP;
    u32::try_from(length).ok().filter(|length| *length < 1 << 24)
}

fn black(channels: Channels) -> &'static [u8] {
    match channels {
        Channels::Grey => &[0],
        Channels::GreyAlpha => &[0, 255],
        Channels::Rgb => &[0, 0, 0],
        Channels::Rgba => &[0, 0, 0, 255],
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, message)
}
