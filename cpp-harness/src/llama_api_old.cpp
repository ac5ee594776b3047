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

std::optional<bool> repacks_by_default() { return std::nullopt; }

void ask_repack(llama_model_params &, bool) {}

llama_model * load_model(const char * path, llama_model_params params) {
    params.use_mmap = true;
    return llama_load_model_from_file(path, params);
}

llama_context * new_context(llama_model * model, llama_context_params params, bool flash_attention) {
    params.flash_attn = flash_attention;
    return llama_new_context_with_model(model, params);
}

}  // namespace harness::generation
