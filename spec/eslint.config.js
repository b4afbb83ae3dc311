import functional from 'eslint-plugin-functional'
import tseslint from 'typescript-eslint'

const root = new URL('..', import.meta.url).pathname

export default tseslint.config(
  { ignores: ['.buildbot/', '.stryker-tmp/', 'dist/', 'node_modules/', 'reports/'], basePath: root },
  {
    basePath: root,
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }]
    }
  },
  {
    // The core is values and functions: nothing is thrown, nothing is a class, no parameter is changed.
    basePath: root,
    files: ['core/**/*.ts'],
    plugins: { functional },
    rules: {
      'functional/no-throw-statements': 'error',
      'functional/no-classes': 'error',
      'functional/no-this-expressions': 'error',
      'functional/no-promise-reject': 'error',
      'no-param-reassign': ['error', { props: true }]
    }
  }
)
