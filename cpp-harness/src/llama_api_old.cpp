// llama.cpp of 2024, which bitnet.cpp was built on until March 2026. A checkout of bitnet.cpp
// cannot be had by a package, so tests/old_generation.hpp lends this file to another library.
#include "llama_api_generation.hpp"

namespace harness::generation {
namespace {

constexpr uint32_t type_i2_s = 36;
// With 512 and one thread it ends by a signal at the shapes of BitNet-b1.58-2B-4T.
constexpr uint32_t batch_of_i2_s = 128;

}  // namespace

const std::vector<std::string> architectures = {"llama", "bitnet", "bitnet-b1.58", "bitnet-25"};
const std::vector<std::string> tensor_types = {"F32", "F16", "I2_S"};

std::string objection(const gguf_header &) { return ""; }

batch_limit limit_batch(const gguf_header & header) {
    if (header.type_counts.count(type_i2_s) != 0) {
        return {batch_of_i2_s, "bitnet.cpp can end by a signal in larger ones with I2_S"};
    }
    return {};
}

llama_model * load_model(const char * path, bool vocabulary_only) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = vocabulary_only;
    params.use_mmap = true;
    params.n_gpu_layers = 0;
    return llama_load_model_from_file(path, params);
}

llama_context * new_context(llama_model * model, const settings & values) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = values.context;
    params.n_batch = values.micro_batch;
    params.n_ubatch = values.micro_batch;
    params.n_seq_max = 1;
    // Signed or not, by the year.
    params.n_threads = static_cast<decltype(params.n_threads)>(values.threads);
    params.n_threads_batch = static_cast<decltype(params.n_threads_batch)>(values.threads);
    params.type_k = values.kv_f32 ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v = params.type_k;
    params.flash_attn = values.flash_attention;
    return llama_new_context_with_model(model, params);
}

// Told by the file, because llama_vocab_type takes another handle in each generation.
bool has_vocabulary(const llama_model * model) {
    char kind[32];
    const int32_t length = llama_model_meta_val_str(model, "tokenizer.ggml.model", kind, sizeof(kind));
    const std::string name = length < 0 ? "none" : kind;
    return name != "none" && name != "no_vocab";
}

}  // namespace harness::generation
