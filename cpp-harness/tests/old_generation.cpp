#include "old_generation.hpp"

llama_model * llama_load_model_from_file(const char * path, llama_model_params params) {
    return llama_model_load_from_file(path, params);
}

llama_context * llama_new_context_with_model(llama_model * model, llama_context_params params) {
    return llama_init_from_model(model, params);
}
