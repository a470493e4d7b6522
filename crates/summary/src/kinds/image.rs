//! Pictures.

use everstep_event::{Channels, Image, Picture};
use everstep_proto::{
    Message,
    plugin_data::ImagePluginData,
    summary::{self, DataClass, Value},
    tensor::TensorProto,
};

use crate::png;

pub(crate) const PLUGIN: &str = "images";

/// A list of the width, the height and each picture; the sizes are those of the first.
pub(crate) fn value(tag: &str, images: &[Image]) -> Value {
    let (width, height) = images.first().map_or((0, 0), |image| (image.width(), image.height()));
    let sizes = [width, height].map(|size| size.to_string().into_bytes());
    let tensor = super::strings(sizes.into_iter().chain(images.iter().map(file)).collect());
    super::value(tag, PLUGIN, ImagePluginData::default().encode_to_vec(), DataClass::BlobSequence, tensor)
}

fn file(image: &Image) -> Vec<u8> {
    match image.picture() {
        Picture::Pixels(pixels) => png::encode(image.width(), image.height(), image.channels(), pixels),
        Picture::File(file) => file.to_vec(),
        _ => Vec::new(),
    }
}

/// The pictures of a list.
pub(crate) fn read(tensor: &TensorProto) -> Option<Vec<Image>> {
    let [width, height, files @ ..] = &*tensor.string_val else { return None };
    let size = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    let (width, height) = (size(width)?, size(height)?);
    Some(files.iter().map(|file| image(width, height, file)).collect())
}

/// A picture, with the size that its file says if that is a PNG.
fn image(width: u32, height: u32, file: &[u8]) -> Image {
    let (width, height, channels) = png::head(file).unwrap_or((width, height, Channels::Rgb));
    Image::file(width, height, channels, file)
}

/// A picture in TensorFlow 1's form, which other writers still use.
pub(crate) fn read_single(image: summary::Image) -> Option<Image> {
    let channels = match image.colorspace {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        4 => Channels::Rgba,
        _ => Channels::Rgb,
    };
    let (width, height) = (u32::try_from(image.width).ok()?, u32::try_from(image.height).ok()?);
    Some(Image::file(width, height, channels, image.encoded_image_string))
}
