// llama.cpp as pinned: vocabulary calls take the vocabulary, the KV cache is a memory.
#include "error.hpp"
#include "gguf_check.hpp"
#include "llama_api_generation.hpp"

namespace harness::generation {
namespace {

const llama_vocab * vocabulary(const llama_model * model) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    if (vocab == nullptr) {
        throw failure(exit_code::internal, "llama_model_get_vocab gave nothing");
    }
    return vocab;
}

}  // namespace

const std::vector<std::string> architectures = {"llama", "qwen2", "qwen3", "gemma3", "phi3", "bitnet"};
const std::vector<std::string> tensor_types = {"F32",    "F16",    "Q4_0",  "Q4_1",  "Q5_0", "Q5_1",
                                               "Q8_0",   "Q2_K",   "Q3_K",  "Q4_K",  "Q5_K", "Q6_K",
                                               "IQ4_NL", "IQ4_XS", "BF16",  "TQ1_0", "TQ2_0", "MXFP4"};

const uint32_t threads_max = GGML_MAX_N_THREADS;

// What it cannot run it refuses by itself.
std::string objection(const gguf_header &) { return ""; }

batch_limit limit_batch(const gguf_header &) { return {}; }

void check_file(const gguf_header & header, const std::string & path) {
    check_by_library(path, header.file_bytes);
}

std::optional<bool> repacks_by_default() { return llama_model_default_params().use_extra_bufts; }

// The rearranged matrices are kept in buffers of extra types.
void ask_repack(llama_model_params & params, bool repack) { params.use_extra_bufts = repack; }

llama_model * load_model(const char * path, llama_model_params params) {
    params.load_mode = LLAMA_LOAD_MODE_MMAP;
    return llama_model_load_from_file(path, params);
}

void free_model(llama_model * model) { llama_model_free(model); }

llama_context * new_context(llama_model * model, llama_context_params params, bool flash_attention) {
    // The default is `auto`: the library would choose for us.
    params.flash_attn_type = flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.no_perf = true;
    return llama_init_from_model(model, params);
}

void clear_memory(llama_context * context) {
    llama_memory_t memory = llama_get_memory(context);
    if (memory == nullptr) {
        throw failure(exit_code::internal, "llama_get_memory gave nothing to clear");
    }
    llama_memory_clear(memory, true);
}

int32_t vocabulary_size(const llama_model * model) { return llama_vocab_n_tokens(vocabulary(model)); }

int32_t training_context(const llama_model * model) { return llama_model_n_ctx_train(model); }

llama_token bos(const llama_model * model) { return llama_vocab_bos(vocabulary(model)); }

std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model) {
    const llama_vocab * vocab = vocabulary(model);
    return {
        {"bos", llama_vocab_bos(vocab)}, {"eos", llama_vocab_eos(vocab)}, {"eot", llama_vocab_eot(vocab)},
        {"sep", llama_vocab_sep(vocab)}, {"pad", llama_vocab_pad(vocab)},
    };
}

int32_t tokenize(const llama_model * model, const char * text, int32_t bytes, llama_token * tokens, int32_t room,
                 bool add_special, bool parse_special) {
    return llama_tokenize(vocabulary(model), text, bytes, tokens, room, add_special, parse_special);
}

int32_t piece(const llama_model * model, llama_token token, char * bytes, int32_t room) {
    return llama_token_to_piece(vocabulary(model), token, bytes, room, /*lstrip=*/0, /*special=*/true);
}

}  // namespace harness::generation
