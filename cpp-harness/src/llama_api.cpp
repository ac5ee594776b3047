#include "llama_api.hpp"

#include <climits>
#include <exception>

#include "error.hpp"
#include "log.hpp"

#ifndef LOCKSTEP_LLAMA_UPSTREAM
#error "only the upstream generation of llama.h is known so far; a further one is one more branch in this file"
#endif

namespace harness {

void model_deleter::operator()(llama_model * model) const { llama_model_free(model); }

void context_deleter::operator()(llama_context * context) const { llama_free(context); }

backend::backend() { llama_backend_init(); }

backend::~backend() { llama_backend_free(); }

model_ptr load_model(const std::string & path, load what) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only = what == load::vocabulary;
    params.load_mode = LLAMA_LOAD_MODE_MMAP;
    params.n_gpu_layers = 0;
    forget_errors();
    return model_ptr(llama_model_load_from_file(path.c_str(), params));
}

context_ptr new_context(llama_model * model, const settings & values) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = values.context;
    params.n_batch = values.micro_batch;
    params.n_ubatch = values.micro_batch;
    params.n_seq_max = 1;
    params.n_threads = static_cast<int32_t>(values.threads);
    params.n_threads_batch = static_cast<int32_t>(values.threads);
    params.type_k = values.kv_f32 ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v = params.type_k;
    // The default is `auto`: the library would choose for us.
    params.flash_attn_type = values.flash_attention ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.no_perf = true;
    forget_errors();
    context_ptr context(llama_init_from_model(model, params));
    if (!context) {
        throw failure(exit_code::unavailable, take_last_errors("llama_init_from_model gave no context"));
    }
    return context;
}

void clear_memory(llama_context * context) {
    llama_memory_t memory = llama_get_memory(context);
    if (memory == nullptr) {
        throw failure(exit_code::internal, "llama_get_memory gave nothing to clear");
    }
    llama_memory_clear(memory, true);
}

namespace {

// Room for a token for each byte and these at the ends is nearly always enough.
constexpr size_t spare_tokens = 8;

const llama_vocab * vocabulary(const llama_model * model) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    if (vocab == nullptr) {
        throw failure(exit_code::internal, "llama_model_get_vocab gave nothing");
    }
    return vocab;
}

}  // namespace

bool has_vocabulary(const llama_model * model) {
    return llama_vocab_type(vocabulary(model)) != LLAMA_VOCAB_TYPE_NONE;
}

uint32_t vocabulary_size(const llama_model * model) {
    const int32_t count = llama_vocab_n_tokens(vocabulary(model));
    if (count < 0) {
        throw failure(exit_code::internal, "llama_vocab_n_tokens gave " + std::to_string(count));
    }
    return static_cast<uint32_t>(count);
}

uint32_t training_context(const llama_model * model) {
    // The file's number has 32 bits and no sign; the function's type has one.
    return static_cast<uint32_t>(llama_model_n_ctx_train(model));
}

llama_token bos_token(const llama_model * model) { return llama_vocab_bos(vocabulary(model)); }

std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model) {
    const llama_vocab * vocab = vocabulary(model);
    const std::vector<std::pair<std::string, llama_token>> all = {
        {"bos", llama_vocab_bos(vocab)}, {"eos", llama_vocab_eos(vocab)}, {"eot", llama_vocab_eot(vocab)},
        {"sep", llama_vocab_sep(vocab)}, {"pad", llama_vocab_pad(vocab)},
    };
    std::vector<std::pair<std::string, llama_token>> present;
    for (const auto & named : all) {
        if (named.second >= 0) {
            present.push_back(named);
        }
    }
    return present;
}

std::vector<llama_token> tokenize(const llama_model * model, const std::string & text, bool add_special,
                                  bool parse_special) {
    const llama_vocab * vocab = vocabulary(model);
    if (text.size() > static_cast<size_t>(INT32_MAX) - spare_tokens) {
        throw declined("text: " + std::to_string(text.size()) + " bytes are more than llama_tokenize takes");
    }
    const auto length = static_cast<int32_t>(text.size());
    // Where this is not enough, the negative of the size needed comes back, which is no error.
    std::vector<llama_token> tokens(text.size() + spare_tokens);
    for (int attempt = 0; attempt < 2; ++attempt) {
        int32_t count = 0;
        try {
            count = llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<int32_t>(tokens.size()),
                                   add_special, parse_special);
        } catch (const std::exception & error) {
            // It throws at bytes that encode a number above U+10FFFF: a matter of this text.
            throw declined(std::string("llama_tokenize: ") + error.what());
        }
        if (count >= 0) {
            tokens.resize(static_cast<size_t>(count));
            return tokens;
        }
        if (count == INT32_MIN) {
            throw declined("text: it has more tokens than llama_tokenize can count");
        }
        tokens.resize(static_cast<size_t>(-static_cast<int64_t>(count)));
    }
    throw failure(exit_code::internal, "llama_tokenize asked for more room twice");
}

std::string piece(const llama_model * model, llama_token token) {
    const llama_vocab * vocab = vocabulary(model);
    std::string bytes(64, '\0');
    for (int attempt = 0; attempt < 2; ++attempt) {
        const int32_t count = llama_token_to_piece(vocab, token, bytes.data(), static_cast<int32_t>(bytes.size()),
                                                   /*lstrip=*/0, /*special=*/true);
        if (count >= 0) {
            bytes.resize(static_cast<size_t>(count));
            return bytes;
        }
        bytes.resize(static_cast<size_t>(-static_cast<int64_t>(count)));
    }
    throw failure(exit_code::internal, "llama_token_to_piece asked for more room twice");
}

}  // namespace harness
