//! Every traced product of the model is reproduced bit for bit from its traced input.

use rust_engine::forward::activations::{Activations, Form};
use rust_engine::forward::matmul::multiply;
use rust_engine::kernels::exact::{Kernels, scalar};
use rust_engine::model::weights::{Layer, Linear};
use schemas::describe::Arithmetic;

use crate::npy::rows;
use crate::{golden, model};

/// A product: input and output as the trace names them, and the matrix.
type Product<'a> = (&'static str, &'static str, &'a Linear);

fn products(layer: &Layer) -> [Product<'_>; 7] {
    [
        ("attn_norm", "Qcur", &layer.query),
        ("attn_norm", "Kcur", &layer.key),
        ("attn_norm", "Vcur", &layer.value),
        ("attn_sub_norm", "attn_o_out", &layer.attention_output),
        ("ffn_norm", "ffn_gate", &layer.gate),
        ("ffn_norm", "ffn_up", &layer.up),
        ("ffn_sub_norm", "ffn_down", &layer.down),
    ]
}

fn traced(name: &str, layer: usize) -> Vec<u32> {
    rows(&golden(&format!("trace/{name}-{layer}.npy"))).concat()
}

#[test]
fn every_traced_product_has_the_same_bits() {
    let model = model("tiny-bitnet-b1.58-i2_s");
    let mut compared = 0;
    for (number, layer) in model.weights.layers.iter().enumerate() {
        for (input, output, linear) in products(layer) {
            let matrix = linear.weight.of(&model.file);
            let input: Vec<f32> = traced(input, number)
                .into_iter()
                .map(f32::from_bits)
                .collect();
            let expected = traced(output, number);
            let form = Form::of(matrix.tensor_type, Arithmetic::Exact);
            assert_eq!(
                form,
                Form::Rows,
                "{output}-{number} is no product with I2_S"
            );
            let x = Activations::new(&input, matrix.columns, form);
            for kernels in [Kernels::detect(), scalar::KERNELS] {
                let mut found = vec![0f32; expected.len()];
                multiply(&kernels, &matrix, &x, &mut found);
                let found: Vec<u32> = found.into_iter().map(f32::to_bits).collect();
                assert!(
                    found == expected,
                    "{output}-{number} differs with {}",
                    kernels.name
                );
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 14);
    println!("{compared} traced products have the same bits");
}

/// Another order of the last three operations is another number somewhere: the comparison sees it.
#[test]
fn a_product_in_another_order_differs() {
    let model = model("tiny-bitnet-b1.58-i2_s");
    let matrix = model.weights.layers[0].query.weight.of(&model.file);
    let input: Vec<f32> = traced("attn_norm", 0)
        .into_iter()
        .map(f32::from_bits)
        .collect();
    let Activations::Rows(x) = Activations::new(&input, matrix.columns, Form::Rows) else {
        panic!("rows were asked for");
    };
    let mut weights = vec![0.0; matrix.columns];
    rust_engine::formats::i2_s::decode(matrix.row(0), 1.0, &mut weights);
    let sum_of = |row: usize| -> i32 {
        let row = x.codes[row * matrix.columns..].iter();
        row.zip(&weights)
            .map(|(&x, &weight)| i32::from(x) * (weight as i32 + 1))
            .sum()
    };
    let expected = rows(&golden("trace/Qcur-0.npy"));
    let differs = expected.iter().enumerate().any(|(position, row)| {
        let sum = sum_of(position) as f32 - x.sums[position];
        (sum * matrix.scale / x.scales[position]).to_bits() != row[0]
    });
    assert!(differs);
}
