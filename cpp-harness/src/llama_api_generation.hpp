// What differs between the generations of llama.h: each has one file that defines all of this, and
// CMake takes the one for the headers at hand.
//
// | file                            | generation                                 |
// |---------------------------------|--------------------------------------------|
// | llama_api_upstream.cpp          | llama.cpp as pinned                        |
// | llama_api_ik.cpp                | ik_llama.cpp                               |
// | llama_api_old.cpp               | llama.cpp of 2024, which bitnet.cpp is on  |
// | llama_api_by_model.cpp          | shared by the last two: vocabulary calls   |
// |                                 | take the model, the KV cache the context   |
//
// Plain calls: what comes back is checked by llama_api.cpp, which all of them share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gguf_header.hpp"
#include "llama_api.hpp"

namespace harness::generation {

// What this generation has been tried with. The libraries' own lists are longer and not public;
// whether a given model runs is found out by loading it.
extern const std::vector<std::string> architectures;
extern const std::vector<std::string> tensor_types;

// The most threads that the library starts.
extern const uint32_t threads_max;

// Why the library cannot run a file that it would load, or would end the process at; empty where
// nothing is known against it.
std::string objection(const gguf_header & header);

// How many tokens it evaluates together without mistakes.
batch_limit limit_batch(const gguf_header & header);

// Throws exit_code::bad_input for a file whose tensors are not all there.
void check_file(const gguf_header & header, const std::string & path);

// Whether it rearranges matrices for its kernels when it loads them, unless it is asked otherwise;
// nothing where it cannot be asked.
std::optional<bool> repacks_by_default();
void ask_repack(llama_model_params & params, bool repack);

// Both add what has another name in each generation: that the file is mapped, flash attention.
llama_model * load_model(const char * path, llama_model_params params);
llama_context * new_context(llama_model * model, llama_context_params params, bool flash_attention);
void free_model(llama_model * model);
void clear_memory(llama_context * context);

int32_t vocabulary_size(const llama_model * model);
int32_t training_context(const llama_model * model);
llama_token bos(const llama_model * model);
// Those that the vocabulary lacks are negative.
std::vector<std::pair<std::string, llama_token>> special_tokens(const llama_model * model);

int32_t tokenize(const llama_model * model, const char * text, int32_t bytes, llama_token * tokens, int32_t room,
                 bool add_special, bool parse_special);
// Special tokens by their text.
int32_t piece(const llama_model * model, llama_token token, char * bytes, int32_t room);

}  // namespace harness::generation
