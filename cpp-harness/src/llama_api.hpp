// The calls of llama.cpp that the harness needs.
//
// llama.h has changed names between generations; what differs is behind llama_api_generation.hpp.
// Every pointer and return value is checked here, so that the rest of the harness never sees one
// that can be null.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gguf_header.hpp"
#include "llama.h"
#include "settings.hpp"

namespace harness {

struct model_deleter {
    void operator()(llama_model * model) const;
};
struct context_deleter {
    void operator()(llama_context * context) const;
};
using model_ptr = std::unique_ptr<llama_model, model_deleter>;
using context_ptr = std::unique_ptr<llama_context, context_deleter>;

// Starts the library when made and ends it when gone.
class backend {
  public:
    backend();
    ~backend();
    backend(const backend &) = delete;
    backend & operator=(const backend &) = delete;
};

// What this generation of the library has been tried with.
const std::vector<std::string> & known_architectures();
const std::vector<std::string> & known_tensor_types();

// The most threads that an evaluation may ask for.
uint32_t most_threads();

// The most tokens that the library may be given together for a model, and why.
struct batch_limit {
    uint32_t tokens = UINT32_MAX;
    std::string reason;
};
batch_limit limit_batch(const gguf_header & header);

enum class load { vocabulary, everything };

// Whether matrices are rearranged for the library's kernels unless it is asked otherwise; nothing
// where it cannot be asked.
std::optional<bool> repacks_by_default();

// Null when the library refuses the file; take_last_errors() then has the reason.
model_ptr load_model(const std::string & path, load what, std::optional<bool> repack = std::nullopt);

// Throws when the library cannot make one.
context_ptr new_context(llama_model * model, const settings & values);

// Empties the KV cache.
void clear_memory(llama_context * context);

// False when the file holds no tokenizer: to tokenize with it would end the process.
bool has_vocabulary(const llama_model * model);

uint32_t vocabulary_size(const llama_model * model);
uint32_t training_context(const llama_model * model);

// Names and ids of the special tokens that the vocabulary has. `unk` is never among them: llama.h
// does not tell it.
std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model);

// The id of the BOS token, or -1.
llama_token bos_token(const llama_model * model);

// Throws `declined` for a text that the library does not take.
std::vector<llama_token> tokenize(const llama_model * model, const std::string & text, bool add_special,
                                  bool parse_special);

// The bytes of one token, special tokens by their text.
std::string piece(const llama_model * model, llama_token token);

}  // namespace harness
