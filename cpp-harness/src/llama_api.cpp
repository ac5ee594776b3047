#include "llama_api.hpp"

#include <climits>
#include <exception>

#include "error.hpp"
#include "llama_api_generation.hpp"
#include "log.hpp"

namespace harness {

void model_deleter::operator()(llama_model * model) const { generation::free_model(model); }

void context_deleter::operator()(llama_context * context) const { llama_free(context); }

backend::backend() { llama_backend_init(); }

backend::~backend() { llama_backend_free(); }

const std::vector<std::string> & known_architectures() { return generation::architectures; }

const std::vector<std::string> & known_tensor_types() { return generation::tensor_types; }

uint32_t most_threads() { return generation::threads_max; }

batch_limit limit_batch(const gguf_header & header) { return generation::limit_batch(header); }

std::optional<bool> repacks_by_default() { return generation::repacks_by_default(); }

model_ptr load_model(const std::string & path, load what, std::optional<bool> repack) {
    forget_errors();
    llama_model_params params = llama_model_default_params();
    params.vocab_only = what == load::vocabulary;
    params.n_gpu_layers = 0;
    if (repack) {
        generation::ask_repack(params, *repack);
    }
    return model_ptr(generation::load_model(path.c_str(), params));
}

context_ptr new_context(llama_model * model, const settings & values) {
    forget_errors();
    llama_context_params params = llama_context_default_params();
    params.n_ctx = values.context;
    params.n_batch = values.micro_batch;
    params.n_ubatch = values.micro_batch;
    params.n_seq_max = 1;
    // Signed or not, by the generation.
    params.n_threads = static_cast<decltype(params.n_threads)>(values.threads);
    params.n_threads_batch = static_cast<decltype(params.n_threads_batch)>(values.threads);
    params.type_k = values.kv_f32 ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.type_v = params.type_k;
    context_ptr context(generation::new_context(model, params, values.flash_attention));
    if (!context) {
        throw failure(exit_code::unavailable, take_last_errors("the library gave no context"));
    }
    return context;
}

void clear_memory(llama_context * context) { generation::clear_memory(context); }

namespace {

// Room for a token for each byte and these at the ends is nearly always enough.
constexpr size_t spare_tokens = 8;

}  // namespace

// Told by the file, because llama_vocab_type takes another handle in each generation.
bool has_vocabulary(const llama_model * model) {
    char kind[32];
    const int32_t length = llama_model_meta_val_str(model, "tokenizer.ggml.model", kind, sizeof(kind));
    const std::string name = length < 0 ? "none" : kind;
    return name != "none" && name != "no_vocab";
}

uint32_t vocabulary_size(const llama_model * model) {
    const int32_t count = generation::vocabulary_size(model);
    if (count < 0) {
        throw failure(exit_code::internal, "the library counts " + std::to_string(count) + " tokens");
    }
    return static_cast<uint32_t>(count);
}

uint32_t training_context(const llama_model * model) {
    // The file's number has 32 bits and no sign; the function's type has one.
    return static_cast<uint32_t>(generation::training_context(model));
}

llama_token bos_token(const llama_model * model) { return generation::bos(model); }

std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model) {
    std::vector<std::pair<std::string, llama_token>> present;
    for (const auto & named : generation::special_tokens(model)) {
        if (named.second >= 0) {
            present.push_back(named);
        }
    }
    return present;
}

std::vector<llama_token> tokenize(const llama_model * model, const std::string & text, bool add_special,
                                  bool parse_special) {
    if (text.size() > static_cast<size_t>(INT32_MAX) - spare_tokens) {
        throw declined("text: " + std::to_string(text.size()) + " bytes are more than llama_tokenize takes");
    }
    const auto length = static_cast<int32_t>(text.size());
    // Where this is not enough, the negative of the size needed comes back, which is no error.
    std::vector<llama_token> tokens(text.size() + spare_tokens);
    for (int attempt = 0; attempt < 2; ++attempt) {
        int32_t count = 0;
        try {
            count = generation::tokenize(model, text.data(), length, tokens.data(),
                                         static_cast<int32_t>(tokens.size()), add_special, parse_special);
        } catch (const failure &) {
            throw;
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
    std::string bytes(64, '\0');
    for (int attempt = 0; attempt < 2; ++attempt) {
        const int32_t count =
            generation::piece(model, token, bytes.data(), static_cast<int32_t>(bytes.size()));
        if (count >= 0) {
            bytes.resize(static_cast<size_t>(count));
            return bytes;
        }
        bytes.resize(static_cast<size_t>(-static_cast<int64_t>(count)));
    }
    throw failure(exit_code::internal, "llama_token_to_piece asked for more room twice");
}

}  // namespace harness
