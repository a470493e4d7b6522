//! The embedded digits: that they are the ones we mean.

use everstep_data::digits;

use crate::checksum;

#[test]
fn classes_are_as_published() {
    let digits = digits();
    let mut counts = [0; 10];
    for label in digits.all().column("labels").unwrap().as_slice::<i64>().unwrap() {
        counts[*label as usize] += 1;
    }
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
}

#[test]
fn pixels_are_sixteenths() {
    let digits = digits();
    let x = digits.all().column("x").unwrap();
    assert_eq!(x.shape(), [1797, 64]);
    let pixels = x.as_slice::<f32>().unwrap();
    assert_eq!(pixels[..8], [0.0, 0.0, 0.3125, 0.8125, 0.5625, 0.0625, 0.0, 0.0]);
    assert!(pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel) && (pixel * 16.0).fract() == 0.0));
}

/// The numbers of the file, one byte each: all pixels, then all labels.
#[test]
fn the_content_is_pinned() {
    let digits = digits();
    let pixels = digits.all().column("x").unwrap().as_slice::<f32>().unwrap().iter().map(|pixel| (pixel * 16.0) as u8);
    let labels = digits.all().column("labels").unwrap().as_slice::<i64>().unwrap().iter().map(|label| *label as u8);
    assert_eq!(checksum(pixels.chain(labels)), 0xb89d_aea8);
}
