// What ik_llama.cpp and llama.cpp of 2024 have in common: vocabulary calls take the model, the KV
// cache is cleared through the context, the library's reader of GGUF does not tell sizes.
#include "gguf_check.hpp"
#include "llama_api_generation.hpp"

namespace harness::generation {

// These libraries make as many as they are told to; ggml's own limit of later is a sane one.
const uint32_t threads_max = 512;

void check_file(const gguf_header & header, const std::string & path) { check_by_header(header, path); }

void free_model(llama_model * model) { llama_free_model(model); }

void clear_memory(llama_context * context) { llama_kv_cache_clear(context); }

int32_t vocabulary_size(const llama_model * model) { return llama_n_vocab(model); }

int32_t training_context(const llama_model * model) { return llama_n_ctx_train(model); }

llama_token bos(const llama_model * model) { return llama_token_bos(model); }

std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model) {
    return {
        {"bos", llama_token_bos(model)}, {"eos", llama_token_eos(model)}, {"eot", llama_token_eot(model)},
        {"sep", llama_token_sep(model)}, {"pad", llama_token_pad(model)},
    };
}

int32_t tokenize(const llama_model * model, const char * text, int32_t bytes, llama_token * tokens, int32_t room,
                 bool add_special, bool parse_special) {
    return llama_tokenize(model, text, bytes, tokens, room, add_special, parse_special);
}

int32_t piece(const llama_model * model, llama_token token, char * bytes, int32_t room) {
    return llama_token_to_piece(model, token, bytes, room, /*lstrip=*/0, /*special=*/true);
}

}  // namespace harness::generation
