// ik_llama.cpp: old-style vocabulary calls, the later names for loading.
#include "llama_api_generation.hpp"

namespace harness::generation {
namespace {

// The smallest row that its kernels for these take.
constexpr uint64_t bitnet_row_min = 512;

// Measured on SmolLM2-135M against llama-native: with 31 tokens together a mean KL of 0.006, with 32
// of 1.6. All other types are right at 512.
constexpr uint32_t batch_of_types_with_minimum = 16;

}  // namespace

const std::vector<std::string> architectures = {"llama", "gemma3"};
const std::vector<std::string> tensor_types = {"F32",  "F16",  "BF16", "Q4_0", "Q4_1", "Q5_0",
                                               "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"};

std::string objection(const gguf_header & header) {
    for (const gguf_tensor & tensor : header.tensors) {
        if (tensor.type == GGML_TYPE_I2_S) {
            return "ik_llama.cpp loads tensors of type I2_S and computes zeros in every product with them";
        }
        const bool short_rows = tensor.dimensions[0] < bitnet_row_min;
        if ((tensor.type == GGML_TYPE_IQ1_BN || tensor.type == GGML_TYPE_IQ2_BN) && short_rows) {
            return "tensor `" + tensor.name + "` has rows of " + std::to_string(tensor.dimensions[0]) +
                   " elements, ik_llama.cpp's IQ1_BN and IQ2_BN need " + std::to_string(bitnet_row_min);
        }
    }
    return "";
}

batch_limit limit_batch(const gguf_header & header) {
    for (const gguf_tensor & tensor : header.tensors) {
        if (tensor.type == GGML_TYPE_Q4_1 || tensor.type == GGML_TYPE_Q5_1) {
            return {batch_of_types_with_minimum,
                    "ik_llama.cpp computes products with Q4_1 and Q5_1 wrong from 32 tokens on"};
        }
    }
    return {};
}

std::optional<bool> repacks_by_default() { return llama_model_default_params().repack_tensors; }

void ask_repack(llama_model_params & params, bool repack) { params.repack_tensors = repack; }

llama_model * load_model(const char * path, llama_model_params params) {
    params.use_mmap = true;
    return llama_model_load_from_file(path, params);
}

llama_context * new_context(llama_model * model, llama_context_params params, bool flash_attention) {
    // The default is on.
    params.flash_attn = flash_attention;
    return llama_init_from_model(model, params);
}

}  // namespace harness::generation
