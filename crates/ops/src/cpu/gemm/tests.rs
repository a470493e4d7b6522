//! Every instruction set that there is gives the same bits, and they are those of plain sums.

use super::{DEPTH, Instructions, Matrix, Output, Product, Registers};
use crate::{
    Activation, Epilogue, View,
    cpu::{
        epilogue::{End, Ending},
        number::Float,
        pool::Fork,
    },
};

/// Numbers that are neither round nor alike.
fn values<T: Float>(count: usize, salt: usize) -> Vec<T> {
    (0..count).map(|index| T::from_f64(((index * 7919 + salt * 104_729) % 1013) as f64 / 507.0 - 1.0)).collect()
}

/// The definition: sums over parts of the depth, from zero, fused, added one to the other.
fn plain<T: Float>(
    rows: usize,
    depth: usize,
    columns: usize,
    a: impl Fn(usize, usize) -> T,
    b: impl Fn(usize, usize) -> T,
) -> Vec<T> {
    let mut output = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for column in 0..columns {
            let parts = (0..depth.max(1)).step_by(DEPTH).map(|first| {
                (first..depth.min(first + DEPTH))
                    .fold(T::ZERO, |sum, step| a(row, step).multiply_add(b(step, column), sum))
            });
            output.push(parts.reduce(T::add).expect("a depth has a first part"));
        }
    }
    output
}

fn check<T: Registers + std::fmt::Debug>(instructions: Instructions, rows: usize, depth: usize, columns: usize) {
    let (a, b, bias) = (values::<T>(rows * depth, 1), values::<T>(depth * columns, 2), values::<T>(columns, 3));
    let epilogue = Epilogue { bias: true, activation: Some(Activation::Tanh) };
    let (shape, data) = ([columns], T::data(&bias));
    let ending = Ending::<T>::new(epilogue, Some(View { shape: &shape, data }));
    for (a_steps, b_steps) in [(false, true), (false, false), (true, true), (true, false)] {
        let left = Matrix { values: &a, stride: if a_steps { rows } else { depth }, lines_are_steps: a_steps };
        let right = Matrix { values: &b, stride: if b_steps { columns } else { depth }, lines_are_steps: b_steps };
        let at = |matrix: Matrix<'_, T>, step: usize, other: usize| match matrix.lines_are_steps {
            true => matrix.values[step * matrix.stride + other],
            false => matrix.values[other * matrix.stride + step],
        };
        let mut expected =
            plain(rows, depth, columns, |row, step| at(left, step, row), |step, column| at(right, step, column));
        expected.chunks_exact_mut(columns).for_each(|row| ending.end(0, row));
        let mut straight = vec![T::from_f64(f64::NAN); rows * columns];
        let output = Output::rows(&mut straight, columns);
        Product { rows, depth, columns, left: &left, right: &right, ending, output }
            .compute_by(instructions, Fork::Caller);
        assert_eq!(straight, expected, "{instructions:?} {rows}x{depth}x{columns} {a_steps} {b_steps}");
        let mut turned = vec![T::from_f64(f64::NAN); rows * columns];
        let output = Output::columns(&mut turned, columns);
        Product { rows: columns, depth, columns: rows, left: &right, right: &left, ending, output }
            .compute_by(instructions, Fork::Caller);
        assert_eq!(turned, expected, "turned {instructions:?} {rows}x{depth}x{columns} {a_steps} {b_steps}");
    }
}

#[test]
fn every_instruction_set_gives_the_bits_of_plain_sums() {
    for instructions in [Instructions::of_this_processor(), Instructions::Other] {
        for (rows, depth, columns) in
            [(1, 1, 1), (3, 0, 5), (8, 16, 48), (13, 300, 37), (9, 17, 10), (31, 7, 97), (257, 5, 3), (2, 513, 65)]
        {
            check::<f32>(instructions, rows, depth, columns);
            check::<f64>(instructions, rows, depth, columns);
        }
    }
}
