//! A graph as text: every attribute that makes two ops of one name differ is told.

use everstep_graph::{
    Attention, Axes, Convolution, ConvolutionOp, ConvolutionPass, Cumulate, Graph, Initializer, Law, Length, Output,
    PadMode, Pooling, Section, Transpose, UpdateRule,
};
use everstep_tensor::{DType, Result};

/// The lines of what is built, without those of its inputs.
#[track_caller]
fn told(build: impl FnOnce(&mut Graph, [Output; 4]) -> Result<()>, expected: &[&str]) {
    let mut graph = Graph::new();
    let mut input = |name, dtype, shape: &[usize]| graph.placeholder(name, dtype, shape).unwrap().output();
    let inputs = [
        input("x", DType::F32, &[4, 6]),
        input("images", DType::F32, &[2, 8, 8, 4]),
        input("filter", DType::F32, &[3, 3, 4, 4]),
        input("ids", DType::I64, &[5]),
    ];
    build(&mut graph, inputs).unwrap();
    let text = graph.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("= Placeholder")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn products_and_functions() {
    told(
        |graph, [x, images, ..]| {
            graph.matmul_transposed(x, x, Transpose { a: false, b: true })?;
            graph.matmul_transposed(images, images, Transpose { a: true, b: false })?;
            graph.leaky_relu(x, 0.25)?;
            graph.gelu(x, true)?;
            graph.gelu(x, false)?;
            graph.arg_max(x, 1)?;
            graph.sum(x, Axes::from([0]).keep())?;
            graph.fill_like(x, 2.5)?;
            graph.zeros_like(x)?;
            Ok(())
        },
        &[
            "MatMul = MatMul{transpose_b}(x, x) f32[4, 4]",
            "BatchMatMulV2 = BatchMatMulV2{adj_x}(images, images) f32[2, 8, 4, 4]",
            "LeakyRelu = LeakyRelu{alpha 0.25}(x) f32[4, 6]",
            "Gelu = Gelu{approximate}(x) f32[4, 6]",
            "Gelu_1 = Gelu(x) f32[4, 6]",
            "ArgMax = ArgMax{1}(x) i64[4]",
            "Sum = Sum{[0], keep_dims}(x) f32[1, 6]",
            "FillLike = FillLike{value=2.5}(x) f32[4, 6]",
            "ZerosLike = ZerosLike(x) f32[4, 6]",
        ],
    );
}

#[test]
fn images() {
    let strided = Convolution { strides: [2, 1], ..Convolution::same() };
    told(
        |graph, [_, images, filter, _]| {
            graph.conv2d(images, filter, strided)?;
            graph.conv2d_transpose(images, filter, [16, 8, 4], strided)?;
            let pass = ConvolutionPass::BackpropFilter;
            let op = ConvolutionOp { pass, depthwise: false, convolution: Convolution::same() };
            graph.convolution(op, &[images, filter, images])?;
            graph.max_pool(images, Pooling::new(2))?;
            Ok(())
        },
        &[
            "Conv2D = Conv2D{strides [2, 1], SAME}(images, filter) f32[2, 4, 8, 4]",
            "Conv2DBackpropInput = Conv2DBackpropInput{[16, 8, 4], strides [2, 1], SAME}(filter, images) f32[2, 16, \
             8, 4]",
            "Conv2DBackpropFilter = Conv2DBackpropFilter{SAME}(images, filter, images) f32[3, 3, 4, 4]",
            "MaxPool = MaxPool{[2, 2], strides [2, 2], VALID}(images) f32[2, 4, 4, 4]",
        ],
    );
}

#[test]
fn norms_and_attention() {
    told(
        |graph, [_, images, ..]| {
            let gamma = graph.variable("gamma", DType::F32, [4], Initializer::ONES)?;
            graph.layer_norm(images, gamma, gamma, 0.5)?;
            graph.rms_norm(images, gamma, 0.25)?;
            graph.group_norm(images, gamma, gamma, 2, 0.125)?;
            let gamma = gamma.output();
            graph.batch_norm(images, [gamma; 2], [gamma; 2], 0.0625)?;
            graph.scaled_dot_product_attention(images, images, images, Attention::causal())?;
            Ok(())
        },
        &[
            "gamma = VariableV2{Constant(1.0), trainable}() f32[4]",
            "LayerNorm = LayerNorm{epsilon=0.5}(images, gamma, gamma) f32[2, 8, 8, 4] f32[2, 8, 8] f32[2, 8, 8]",
            "RmsNorm = RmsNorm{epsilon=0.25}(images, gamma) f32[2, 8, 8, 4] f32[2, 8, 8]",
            "GroupNorm = GroupNorm{groups=2, epsilon=0.125}(images, gamma, gamma) f32[2, 8, 8, 4] f32[2, 2] f32[2, \
             2]",
            "FusedBatchNormV3 = FusedBatchNormV3{epsilon=0.0625}(images, gamma, gamma, gamma, gamma) f32[2, 8, 8, \
             4] f32[4] f32[4]",
            "ScaledDotProductAttention = ScaledDotProductAttention{causal}(images, images, images) f32[2, 8, 8, 4] \
             f32[2, 8, 8]",
        ],
    );
}

#[test]
fn moved_and_chosen_elements() {
    told(
        |graph, [x, _, _, ids]| {
            graph.strided_slice(x, &[1.into(), (2..5).into()])?;
            graph.strided_slice(x, &[Section::from(1..).by(2), Section::NewAxis, Section::Ellipsis])?;
            graph.pad(x, &[(0, 1), (2, 3)], PadMode::Constant(0.5))?;
            graph.tile(x, &[2, 3])?;
            graph.reshape(x, [3, -1])?;
            graph.reshape(x, [Length::OfInput(1), 2.into(), (-1).into()])?;
            graph.reverse(x, [1])?;
            graph.gather(x, ids, 1)?;
            graph.top_k(x, 3)?;
            graph.sort(x)?;
            graph.cumulate(x, Cumulate { axis: 1, product: false, exclusive: true, reverse: false })?;
            Ok(())
        },
        &[
            "StridedSlice = StridedSlice{begin=[1, 2], end=[2, 5], strides=[1, 1], begin_mask=0, end_mask=0, \
             new_axis_mask=0, shrink_axis_mask=1}(x) f32[3]",
            "StridedSlice_1 = StridedSlice{begin=[1, 0, 0], end=[0, 0, 0], strides=[2, 1, 1], begin_mask=4, \
             end_mask=5, new_axis_mask=2, shrink_axis_mask=0}(x) f32[2, 1, 6]",
            "PadV2 = PadV2{paddings=[0, 1, 2, 3], constant_values=0.5}(x) f32[5, 11]",
            "Tile = Tile{multiples=[2, 3]}(x) f32[8, 18]",
            "Reshape = Reshape{shape=[3, -1]}(x) f32[3, 8]",
            "Reshape_1 = Reshape{shape=[-3, 2, -1]}(x) f32[6, 2, 2]",
            "ReverseV2 = ReverseV2{axis=[1]}(x) f32[4, 6]",
            "GatherV2 = GatherV2{axis=1}(x, ids) f32[4, 5]",
            "TopKV2 = TopKV2{k=3}(x) f32[4, 3] i32[4, 3]",
            "Sort = Sort{ascending}(x) f32[4, 6] i32[4, 6]",
            "Cumsum = Cumsum{axis=1, exclusive}(x) f32[4, 6]",
        ],
    );
}

#[test]
fn random_numbers_and_updates() {
    told(
        |graph, [x, ..]| {
            graph.random(Law::Uniform { low: 0.0, high: 2.0 }, DType::F32, [3])?;
            graph.dropout(x, 0.5)?;
            let kernel = graph.variable("kernel", DType::F32, [4, 6], Initializer::ZEROS)?;
            let slot = graph.state("slot", DType::F32, [4, 6], Initializer::ZEROS)?;
            let rate = graph.scalar("rate", DType::F32, 0.5)?;
            graph.update(UpdateRule::Momentum { nesterov: true }, &[kernel, slot], &[rate, x, rate])?;
            Ok(())
        },
        &[
            "training_run = VariableV2{Constant(0.0)}() i64[]",
            "RandomUniform = RandomUniform{Uniform { low: 0.0, high: 2.0 }, \"RandomUniform\"}(training_run) f32[3]",
            "Dropout = Dropout{rate 0.5, \"Dropout\"}(x, training_run) f32[4, 6]",
            "kernel = VariableV2{Constant(0.0), trainable}() f32[4, 6]",
            "slot = VariableV2{Constant(0.0)}() f32[4, 6]",
            "rate = Const{f32[] [0.5]}() f32[]",
            "ApplyMomentum = ApplyMomentum{use_nesterov}(kernel, slot, rate, x, rate)",
        ],
    );
}
