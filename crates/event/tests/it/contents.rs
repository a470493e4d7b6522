//! What goes into events: histograms, pictures, curves, and what is refused.

use everstep_event::{Array, Audio, Channels, Elements, Histogram, Image, Mesh, Picture, PrCurve};
use proptest::{collection::vec, prelude::*};

#[test]
fn the_default_buckets_are_tensorflows() {
    // A value in every bucket, and the limits are those of all buckets.
    let grow = std::iter::successors(Some(1e-12), |limit| Some(limit * 1.1)).take_while(|limit| *limit < 1e20);
    let positive: Vec<f64> = grow.collect();
    let values = positive.iter().flat_map(|value| [*value, -*value]).chain([0.0, f64::MAX, -f64::MAX]);
    let histogram = Histogram::of(values);
    assert_eq!(histogram.limits.len(), 1551, "the first one alone is empty, and kept");
    assert_eq!(positive.len(), 774);
    assert_eq!(positive[773], 9.920_775_621_859_783e19);
    assert_eq!(histogram.limits[775..778], [0.0, 1e-12, 1e-12 * 1.1]);
    assert_eq!(histogram.limits.last(), Some(&f64::MAX));
    assert_eq!(histogram.count(), 774.0 * 2.0 + 3.0);
}

#[test]
fn nothing_has_a_histogram_too() {
    for histogram in [Histogram::of([0.0; 0]), Histogram::of([f64::NAN])] {
        assert_eq!((histogram.min, histogram.max, histogram.count()), (f64::MAX, f64::MIN, 0.0));
        assert_eq!((&*histogram.limits, &*histogram.counts), (&[f64::MAX][..], &[0.0][..]));
        assert_eq!((histogram.percentile(50.0), histogram.mean(), histogram.deviation()), (0.0, 0.0, 0.0));
    }
}

#[test]
fn deviation_and_percentiles_are_those_of_the_values() {
    let histogram = Histogram::of([0.1_f32, -0.7, 4.1, 4.0, 5.0, 4.0]);
    assert!((histogram.deviation() - 2.2).abs() < 0.01);
    assert!((histogram.percentile(50.0) - 3.9593).abs() < 1e-4);
    assert_eq!((histogram.percentile(0.0), histogram.percentile(100.0)), (histogram.min, histogram.max));
}

#[test]
fn adaptive_buckets_have_one_width() {
    let histogram = Histogram::adaptive([0.0, 1.0, 2.0, 2.5, 4.0, f64::INFINITY], 4);
    assert_eq!((&*histogram.limits, &*histogram.counts), (&[1.0, 2.0, 3.0, 4.0][..], &[1.0, 1.0, 2.0, 1.0][..]));
    assert_eq!(histogram.positive_infinity, 1);
    for buckets in [0, 1, 30] {
        let one = Histogram::adaptive([7.0, 7.0], buckets);
        assert_eq!((&*one.limits, &*one.counts), (&[7.0][..], &[2.0][..]));
    }
    let wide = Histogram::adaptive([f64::MIN, f64::MAX], 2);
    assert_eq!((&*wide.limits, &*wide.counts), (&[0.0, f64::MAX][..], &[1.0, 1.0][..]));
}

proptest! {
    #[test]
    fn a_histogram_counts_every_value_once(values in vec(any::<f64>(), 0..50), buckets in 0..40_usize) {
        for histogram in [Histogram::of(values.iter().copied()), Histogram::adaptive(values.iter().copied(), buckets)] {
            let apart = histogram.nan + histogram.positive_infinity + histogram.negative_infinity;
            prop_assert_eq!(histogram.count() + apart as f64, values.len() as f64);
            prop_assert!(histogram.limits.is_sorted());
            for percent in [0.0, 10.0, 50.0, 90.0, 100.0] {
                let value = histogram.percentile(percent);
                prop_assert!(histogram.count() == 0.0 || (histogram.min..=histogram.max).contains(&value));
            }
        }
    }

    #[test]
    fn the_thresholds_of_a_curve_are_compared_as_they_are(
        predictions in vec((any::<bool>(), 0.0..1.0), 0..30), thresholds in 2..300_usize
    ) {
        let curve = PrCurve::of(predictions.iter().copied(), thresholds).unwrap();
        for index in 0..thresholds {
            let threshold = index as f64 / (thresholds - 1) as f64;
            let reached = |label| predictions.iter().filter(|(is, value)| *is == label && *value >= threshold).count() as f64;
            let missed = |label| predictions.iter().filter(|(is, value)| *is == label && *value < threshold).count() as f64;
            prop_assert_eq!(curve.true_positives[index], reached(true));
            prop_assert_eq!(curve.false_positives[index], reached(false));
            prop_assert_eq!(curve.false_negatives[index], missed(true));
            prop_assert_eq!(curve.true_negatives[index], missed(false));
        }
    }
}

#[test]
fn a_curve_clips_predictions_and_counts_nan() {
    let curve = PrCurve::of([(true, 7.0), (true, f64::INFINITY), (false, -1.0), (true, f64::NAN)], 2).unwrap();
    assert_eq!((&*curve.true_positives, &*curve.false_positives), (&[2.0, 2.0][..], &[1.0, 0.0][..]));
    assert_eq!((curve.precision(), curve.recall(), curve.nan), (vec![2.0 / 3.0, 1.0], vec![1.0, 1.0], 1));
    assert_eq!(PrCurve::of([], 2).unwrap().precision(), [0.0, 0.0]);
}

#[track_caller]
fn check_pixels(image: std::io::Result<Image>, expected: &[u8]) {
    let image = image.unwrap();
    let Picture::Pixels(pixels) = image.picture() else { panic!("{image:?}") };
    assert_eq!(&**pixels, expected);
}

#[test]
fn floats_are_pixels() {
    let (nan, infinity) = (f32::NAN, f32::INFINITY);
    check_pixels(Image::from_f32(5, 1, Channels::Grey, &[0.0, 0.5, 1.0, -3.0, infinity]), &[0, 128, 255, 0, 255]);
    check_pixels(Image::from_f32(2, 1, Channels::Rgb, &[0.0, nan, 0.0, 1.0, 0.0, 1.0]), &[255, 0, 0, 255, 0, 255]);
    check_pixels(Image::scaled(3, 1, Channels::Grey, &[0.0, 5.0, 10.0]), &[0, 127, 255]);
    check_pixels(Image::scaled(3, 1, Channels::Grey, &[-10.0, 0.0, 5.0]), &[0, 127, 190]);
    check_pixels(Image::scaled(2, 1, Channels::Grey, &[0.0, 0.0]), &[0, 0]);
    check_pixels(Image::scaled(2, 1, Channels::GreyAlpha, &[infinity, 1.0, 2.0, 4.0]), &[255, 0, 127, 255]);
}

#[test]
fn a_grid_has_gaps_and_an_unfinished_row() {
    let image = |value| Image::new(1, 1, Channels::Grey, [value]).unwrap();
    let grid = Image::grid(&[image(1), image(2), image(3)], 2);
    check_pixels(grid, &[1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]);
    let grid = Image::grid(&[image(1), image(2)], 9).unwrap();
    assert_eq!((grid.width(), grid.height()), (4, 1));
}

#[test]
fn what_does_not_fit_is_refused_with_a_remedy() {
    let image = Image::new(1, 1, Channels::Grey, [0]).unwrap();
    let other = Image::new(1, 1, Channels::GreyAlpha, [0, 0]).unwrap();
    let file = Image::file(1, 1, Channels::Grey, []);
    let errors = [
        (
            Image::new(2, 2, Channels::Rgb, [0; 11]).err(),
            "an image of 2 × 2 pixels with 3 channels cannot have 11 values; give as many",
        ),
        (Image::new(0, 2, Channels::Rgb, []).err(), "an image of 0 × 2 pixels"),
        (Image::from_f32(u32::MAX, u32::MAX, Channels::Rgba, &[]).err(), "an image of 4294967295 × 4294967295 pixels"),
        (Image::grid(&[], 1).err(), "a grid needs an image and a column"),
        (Image::grid(std::slice::from_ref(&image), 0).err(), "a grid needs an image and a column"),
        (Image::grid(&[image.clone(), other], 2).err(), "the images of a grid must have one size"),
        (Image::grid(&[image, file], 2).err(), "an image of a grid is a file"),
        (Audio::new(8000, 2, [0.0; 3]).err(), "3 samples of 2 channels at 8000 a second are no sound"),
        (Audio::new(8000, 0, []).err(), "0 samples of 0 channels"),
        (Audio::new(0, 1, []).err(), "0 samples of 1 channels at 0 a second"),
        (Array::new([2], Elements::U8([1].into())).err(), "an array of shape [2] cannot have 1 elements"),
        (Array::new([u64::MAX, 2], Elements::U8([].into())).err(), "an array of shape [18446744073709551615, 2]"),
        (PrCurve::of([], 1).err(), "a precision-recall curve needs two thresholds or more, not 1"),
        (Mesh::points([[0.0; 3]]).with_faces([[0, 0, 1]]).err(), "a triangle has the point 1 of only 1"),
        (Mesh::points([[0.0; 3]]).with_colors([]).err(), "1 points cannot have 0 colours"),
    ];
    for (error, expected) in errors {
        let error = error.expect(expected);
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
