//! Single kernels: products of matrices, convolutions, and passes over elements, beside the machine's peak.

use std::{error::Error, fmt, hint::black_box, time::Instant};

use everstep::ops::{
    Binary, Cpu, Data, DataMut, Epilogue, Kernel, Kernels, Pass, Pooling, Unary, View, ViewMut, Window, Windows,
};
use serde_json::{Value, json};

use crate::peak;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;
/// How long a round is to take.
const SECONDS: f64 = 0.02;

/// Rows, depth, columns, and whether the one operand or the other lies transposed: those of a perceptron and its
/// gradients, narrow ones, and the patches of the convolutions below.
const PRODUCTS: [([usize; 3], [bool; 2]); 20] = [
    ([256, 256, 256], [false, false]),
    ([512, 512, 512], [false, false]),
    ([1024, 1024, 1024], [false, false]),
    ([2048, 2048, 2048], [false, false]),
    ([128, 784, 512], [false, false]),
    ([128, 512, 512], [false, false]),
    ([784, 128, 512], [true, false]),
    ([512, 128, 512], [true, false]),
    ([128, 512, 512], [false, true]),
    ([128, 512, 10], [false, false]),
    ([128, 784, 10], [false, false]),
    ([784, 128, 10], [true, false]),
    ([512, 128, 10], [true, false]),
    ([128, 10, 512], [false, true]),
    ([25088, 800, 64], [false, false]),
    ([100_352, 25, 32], [false, false]),
    ([25088, 576, 64], [false, false]),
    ([6272, 1152, 128], [false, false]),
    ([1568, 2304, 256], [false, false]),
    ([392, 4608, 512], [false, false]),
];

/// Batch, height and width, channels, height and width of the filter, filters: LeNet's, and those of VGG and ResNet.
const CONVOLUTIONS: [[usize; 5]; 8] = [
    [128, 28, 1, 5, 32],
    [128, 14, 32, 5, 64],
    [16, 32, 16, 3, 16],
    [4, 112, 64, 3, 128],
    [8, 56, 64, 3, 64],
    [8, 28, 128, 3, 128],
    [8, 14, 256, 3, 256],
    [8, 7, 512, 3, 512],
];

/// What a kernel does, to be set against the time that it takes.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Multiplications and additions, by the definition.
    Flop(usize),
    /// Bytes read and written.
    Bytes(usize),
}

/// A kernel with the shapes of its f32 operands.
struct Case {
    name: String,
    kernel: Kernel,
    inputs: Vec<Vec<usize>>,
    output: Vec<usize>,
    work: Work,
}

/// A case on a number of threads.
struct Row {
    name: String,
    threads: usize,
    work: Work,
    seconds: f64,
    peak_gflops: f64,
}

/// Measures all that have one of the words in their names, and prints.
pub(crate) fn bench(words: &[&str]) -> Outcome {
    let (json, words): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| **word == "--json");
    let mut rows = Vec::new();
    for threads in [1, 2] {
        let peak_gflops = peak::gflops(threads);
        println!("on {threads} threads, whose peak is {peak_gflops:.0} GFLOP/s");
        let cpu = Cpu::new(threads)?;
        for case in cases().into_iter().filter(|case| words.is_empty() || words.iter().any(|w| case.name.contains(w))) {
            let row = Row { threads, peak_gflops, work: case.work, seconds: seconds(&cpu, &case)?, name: case.name };
            println!("{row}");
            rows.push(row);
        }
    }
    if !json.is_empty() {
        println!("{}", json!({ "kernels": rows.iter().map(Row::json).collect::<Vec<_>>() }));
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let products = PRODUCTS.map(|(shape, transposes)| product(shape, transposes));
    let passes = [Pass::Forward, Pass::BackpropInput, Pass::BackpropFilter];
    let convolutions = CONVOLUTIONS.into_iter().flat_map(|shape| passes.map(|pass| convolution(shape, pass)));
    let kinds = [Pooling::Max, Pooling::MaxGrad];
    let poolings = [[128, 28, 32], [128, 14, 64]].into_iter().flat_map(|shape| kinds.map(|kind| pooling(shape, kind)));
    let elements = [1 << 14, 1 << 22].into_iter().flat_map(elementwise);
    products.into_iter().chain(convolutions).chain(poolings).chain(elements).collect()
}

fn product([rows, depth, columns]: [usize; 3], [transpose_a, transpose_b]: [bool; 2]) -> Case {
    let turned = |shape: [usize; 2], turns: bool| if turns { vec![shape[1], shape[0]] } else { shape.to_vec() };
    let mark = |turns: bool, name: &'static str| if turns { name } else { "" };
    Case {
        name: format!("matmul {rows}x{depth}x{columns}{}{}", mark(transpose_a, " tA"), mark(transpose_b, " tB")),
        kernel: Kernel::MatMul { transpose_a, transpose_b, epilogue: Epilogue::default() },
        inputs: vec![turned([rows, depth], transpose_a), turned([depth, columns], transpose_b)],
        output: vec![rows, columns],
        work: Work::Flop(2 * rows * depth * columns),
    }
}

fn convolution([batch, size, channels, side, filters]: [usize; 5], pass: Pass) -> Case {
    let images = vec![batch, size, size, channels];
    let filter = vec![side, side, channels, filters];
    let output = vec![batch, size, size, filters];
    let (inputs, output) = match pass {
        Pass::Forward => (vec![images, filter], output),
        Pass::BackpropInput => (vec![filter, output], images),
        Pass::BackpropFilter => (vec![images, output], filter),
    };
    let window = Window { strides: [1, 1], dilations: [1, 1], before: [(side - 1) / 2; 2] };
    Case {
        name: format!("conv {side}x{side} {batch}x{size}x{size}x{channels}->{filters} {pass:?}"),
        kernel: Kernel::Convolution { pass, window, depthwise: false, epilogue: Epilogue::default() },
        inputs,
        output,
        work: Work::Flop(2 * batch * size * size * side * side * channels * filters),
    }
}

fn pooling([batch, size, depth]: [usize; 3], kind: Pooling) -> Case {
    let (images, pooled) = (vec![batch, size, size, depth], vec![batch, size / 2, size / 2, depth]);
    let (whole, part) = (images.iter().product::<usize>(), pooled.iter().product::<usize>());
    let name = format!("{kind:?} pooling 2x2 of {batch}x{size}x{size}x{depth}");
    let (inputs, output, elements) = match kind {
        Pooling::MaxGrad => (vec![images.clone(), pooled.clone(), pooled], images, 2 * (whole + part)),
        _ => (vec![images], pooled, whole + part),
    };
    let windows = Windows { size: [2, 2], strides: [2, 2], before: [0, 0] };
    Case { name, kernel: Kernel::Pooling { kind, windows }, inputs, output, work: Work::Bytes(4 * elements) }
}

fn elementwise(count: usize) -> Vec<Case> {
    let case = |kernel: Kernel, inputs: usize| Case {
        name: format!("{kernel:?} of {count}"),
        kernel,
        inputs: vec![vec![count]; inputs],
        output: vec![count],
        work: Work::Bytes(4 * count * (inputs + 1)),
    };
    vec![
        case(Kernel::Copy, 1),
        case(Kernel::Unary(Unary::Relu), 1),
        case(Kernel::Unary(Unary::Exp), 1),
        case(Kernel::Binary(Binary::Add), 2),
    ]
}

/// Seconds of a call: the median of a few rounds, after one that is not counted.
fn seconds(cpu: &Cpu, case: &Case) -> Outcome<f64> {
    let inputs: Vec<Vec<f32>> = case.inputs.iter().map(|shape| numbers(shape.iter().product())).collect();
    let views: Vec<View<'_>> =
        case.inputs.iter().zip(&inputs).map(|(shape, values)| View { shape, data: Data::F32(values) }).collect();
    let shapes: Vec<&[usize]> = case.inputs.iter().map(Vec::as_slice).collect();
    let mut workspace = vec![0.0; cpu.workspace(&case.kernel, &shapes, &[&case.output])];
    let mut output = vec![0.0; case.output.iter().product()];
    let of_workspace = [workspace.len()];
    let mut outputs = vec![ViewMut { shape: &case.output, data: DataMut::F32(&mut output) }];
    if of_workspace[0] > 0 {
        outputs.push(ViewMut { shape: &of_workspace, data: DataMut::F32(&mut workspace) });
    }
    let mut round = |calls: usize| -> Outcome<f64> {
        let began = Instant::now();
        for _ in 0..calls {
            cpu.run(&case.kernel, black_box(&views), black_box(&mut outputs))?;
        }
        Ok(began.elapsed().as_secs_f64() / calls as f64)
    };
    round(1)?;
    let calls = (SECONDS / round(1)?.max(1e-9)).clamp(1.0, 1e6) as usize;
    let mut rounds = (0..ROUNDS).map(|_| round(calls)).collect::<Outcome<Vec<f64>>>()?;
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[ROUNDS / 2])
}

/// Neither alike nor close to the least numbers.
fn numbers(count: usize) -> Vec<f32> {
    (0..count as u32).map(|place| (place.wrapping_mul(0x9e37_79b9) >> 8) as f32 / (1 << 23) as f32 - 0.9).collect()
}

impl Row {
    fn giga_a_second(&self) -> f64 {
        let (Work::Flop(work) | Work::Bytes(work)) = self.work;
        work as f64 / self.seconds / 1e9
    }

    fn percent_of_peak(&self) -> Option<f64> {
        matches!(self.work, Work::Flop(_)).then(|| 100.0 * self.giga_a_second() / self.peak_gflops)
    }

    fn json(&self) -> Value {
        let rate = if matches!(self.work, Work::Flop(_)) { "gflops" } else { "gigabytes_per_s" };
        json!({
            "kernel": self.name, "threads": self.threads, "seconds": self.seconds,
            rate: self.giga_a_second(), "percent_of_peak": self.percent_of_peak(),
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { name, seconds, .. } = self;
        write!(f, "{name:<48} {:>10.1} µs {:>8.1}", 1e6 * seconds, self.giga_a_second())?;
        match self.percent_of_peak() {
            Some(percent) => write!(f, " GFLOP/s {percent:>5.0} % of the peak"),
            None => write!(f, " GB/s"),
        }
    }
}
